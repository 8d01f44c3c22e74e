"""The sections for which the model is run: filters, activations, augmentation."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import StoredFileError
from core.html.blocks import prose
from core.html.page import Section
from core.page.activations import activations_section, chosen_places
from core.page.filters import filters_section
from core.page.material import Material
from core.store import files

if TYPE_CHECKING:
    import keras

    from core.page.taps import Taps


def network_sections(
    material: Material, load_model: "Callable[[], keras.Model] | None"
) -> tuple[int | None, list[Section]]:
    """Return the number of the model's weights, None where it could not be read, and the sections.

    Args:
        material: of the training.
        load_model: returns the best epoch's model; None reads model.keras.
    """
    chosen = chosen_places(material)
    taps, why_not = _tap(material, [place for place, _ in chosen], load_model)
    sections = [
        filters_section(None if taps is None else taps.kernels, "" if taps is None else taps.kernels_of, why_not),
        activations_section(material, chosen, () if taps is None else taps.maps, why_not or _without_maps(taps)),
        _augmentation(material),
    ]
    return None if taps is None else taps.num_parameters, sections


def _tap(
    material: Material, places: list[int], load_model: "Callable[[], keras.Model] | None"
) -> tuple["Taps | None", str | None]:
    """Return what was seen in the model, or why nothing was."""
    if load_model is None and not files.exists(material.trial.model):
        return None, "The model itself was not kept (model.keras), so there is nothing to look into."
    try:
        from core.page.taps import tap_network

        model = _read_model(material.trial.model) if load_model is None else load_model()
        return tap_network(model, material.images[material.rows[places]]), None
    except StoredFileError as error:
        return None, f"The model could not be looked into: {error}."
    except Exception as error:  # one's own network may do anything; it costs these pictures alone
        first_line = str(error).strip().partition("\n")[0]
        return None, f"The model could not be looked into: {type(error).__name__}: {first_line}."


def _read_model(url: str) -> "keras.Model":
    """Read model.keras: stock layers alone, safe mode."""
    from core.stock_model import read_stock_model

    return read_stock_model(url)


def _without_maps(taps: "Taps | None") -> str | None:
    """Return what is said of a model without feature maps."""
    return None if taps is not None and taps.maps else "The model has no convolution whose output could be shown."


def _augmentation(material: Material) -> Section:
    """Return the section of augmentation."""
    from core.page.augmentation import augmentation_section

    try:
        return augmentation_section(material)
    except Exception as error:  # a device out of memory, say: it costs these pictures alone
        body = prose(f"The pictures could not be made: {type(error).__name__}.")
        return Section(anchor="augmentation", title="Augmentation", body=body)
