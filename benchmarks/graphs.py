"""The notebook's CNN as `core` trains it and predicts with it."""

from core.config import NO_AUGMENT, AugmentConfig, Config, Precision
from core.data.dataset import Dataset
from core.graph import Graph, shape_of
from core.precision import resolve_precision


def notebook_graph(dataset: Dataset, precision: Precision, *, is_augmented: bool) -> Graph:
    """Return a graph of the notebook's configuration, its weights drawn."""
    config = Config(augment=AugmentConfig() if is_augmented else NO_AUGMENT)
    graph = Graph(
        shape_of(
            config,
            image_shape=dataset.image_shape,
            num_classes=dataset.num_classes,
            precision=resolve_precision(precision),
        )
    )
    graph.start(config.model, seed=0)
    return graph
