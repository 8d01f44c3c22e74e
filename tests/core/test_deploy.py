import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.augment import resample
from core.deploy import ExportMember, KnownVote, export_vote, predict_images
from core.errors import ConfigError, StoredFileError
from core.export import TOLERANCES
from core.metrics import EPSILON
from core.model import as_deployable
from core.predict import Predictor
from core.view_layers import see_views, view_kernel
from core.views import view_transforms
from ensemble.choice import Choice, combine
from tests.core.making import make_model_config
from tests.core.networks import make_model
from tests.test_layers import HEAVY, loaded_by, top_packages

SHAPE = (9, 8, 2)
CLASSES = ("ant", "bee", "cat", "dog", "eel")
NETS = {
    "plain": make_model_config(4, dense_units=()),
    "other_seed": make_model_config(4, dense_units=()),
    "normed": make_model_config(3, 5, batch_norm="conv", dense_units=(), leaky_relu_slope=0.0),
    "bfloat16": make_model_config(4, batch_norm="block", dense_units=()),
}
"""Whose models are made, by their files' names."""
LOAD_ELSEWHERE = """
import sys, numpy, tensorflow as tf
pixels = numpy.load("pixels.npy")
for name in sys.argv[1:]:
    model = tf.keras.models.load_model(f"{name}/vote.keras")
    assert {type(operation).__module__.partition(".")[0] for operation in model.operations} == {"keras"}
    numpy.save(f"{name}/softmax.npy", model.predict(pixels, batch_size=4, verbose=0))
assert not {"core", "search", "ensemble", "ray", "optuna"} & set(sys.modules)
"""


def member(name: str, weight: float, *nets: str, views: int = 1) -> ExportMember:
    return ExportMember(name=name, model_urls=nets, weight=weight, views=views)


VOTES = {
    "alone": ([member("a", 1.0, "plain")], False, 1.0),
    "weighted": ([member("a", 0.7, "plain", "normed"), member("b", 0.3, "other_seed")], False, 1.0),
    "seen": (
        # one network with and without views votes as two members
        [member("a", 0.5, "plain", "normed", views=9), member("b", 0.3, "plain"), member("c", 0.2, "normed", views=5)],
        True,
        1.5,
    ),
    "in_bfloat16": ([member("a", 0.5, "bfloat16", views=5), member("b", 0.5, "plain")], False, 0.4),
}
"""Members with the names of their networks, whether logits are averaged, temperature."""


@pytest.fixture(scope="module")
def nets() -> dict[str, keras.Model]:
    """Return networks, from [0, 1] to logits of some weight."""
    made = {}
    for seed, (name, config) in enumerate(NETS.items()):
        precision = "bfloat16" if name == "bfloat16" else "float32"
        made[name] = make_model(config, image_shape=SHAPE, num_classes=5, precision=precision, seed=seed)
        made[name].set_weights(
            [3 * weight for weight in made[name].get_weights()]
        )  # sure of different classes in different rows
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, nets: dict[str, keras.Model]) -> Path:
    """Return a folder with the networks' model.keras files."""
    place = tmp_path_factory.mktemp("deploy")
    for name, net in nets.items():
        as_deployable(net).save(place / f"{name}.keras")
    return place


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, *SHAPE), dtype=np.uint8)


def placed(members: Sequence[ExportMember], folder: Path) -> list[ExportMember]:
    """Return members with the URLs of their models."""
    return [
        member(m.name, m.weight, *(str(folder / f"{net}.keras") for net in m.model_urls), views=m.views)
        for m in members
    ]


def export(name: str, folder: Path, out: Path | str | None = None, known: KnownVote | None = None) -> str:
    members, of_logits, temperature = VOTES[name]
    return export_vote(
        placed(members, folder),
        of_logits=of_logits,
        temperature=temperature,
        folder=str(out or folder / name),
        class_names=CLASSES,
        known=known,
    )


def expected(name: str, nets: dict[str, keras.Model], pixels: np.ndarray) -> np.ndarray:
    """Return the vote's softmax as trials predict and the ensemble combines."""
    members, of_logits, temperature = VOTES[name]
    softmaxes = [
        np.mean([Predictor(nets[net], num_views=m.views).softmax(pixels) for net in m.model_urls], axis=0)
        for m in members
    ]
    choice = Choice(weights=np.array([m.weight for m in members]), of_logits=of_logits)
    odds = np.clip(combine(choice, softmaxes), EPSILON, None) ** (1 / temperature)
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.slow  # a process of its own that imports tensorflow
def test_votes_load_with_nothing_but_tensorflow_and_give_the_same_softmax(
    folder: Path, nets: dict[str, keras.Model], pixels: np.ndarray
) -> None:
    np.save(folder / "pixels.npy", pixels)
    names = ["weighted", "seen", "in_bfloat16"]
    for name in names:
        assert export(name, folder) == str(folder / name / "vote.keras")
    command = [sys.executable, "-I", "-c", LOAD_ELSEWHERE, *names]
    subprocess.run(command, cwd=folder, check=True)
    for name in names:
        vote = expected(name, nets, pixels)
        assert np.ptp(vote, axis=0).max() > 0.1, "the rows are not all alike"
        tolerance = TOLERANCES["bfloat16" if name == "in_bfloat16" else "float32"]
        got = np.load(folder / name / "softmax.npy")
        assert (got.shape, got.dtype) == ((7, 5), np.float32)
        np.testing.assert_allclose(got, vote, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("num_views", [5, 9])
def test_views_are_those_that_a_trial_predicts_with(num_views: int, pixels: np.ndarray) -> None:
    images = keras.Input(SHAPE)
    seen = keras.Model(images, see_views(images, num_views))(pixels.astype(np.float32)).numpy()
    each = [
        resample(tf.constant(pixels, tf.float32), tf.tile(transform[tf.newaxis], (len(pixels), 1))).numpy()
        for transform in view_transforms(num_views, SHAPE)
    ]
    np.testing.assert_allclose(seen, np.stack(each, axis=1).reshape(-1, *SHAPE), rtol=0, atol=1e-3)  # of 255


def test_view_kernel_gives_each_views_pixel_shares_that_sum_to_one() -> None:
    kernel = view_kernel(5, 2, 3)
    assert kernel.shape == (6, 5 * 6)
    np.testing.assert_allclose(kernel.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(kernel[:, :6], np.eye(6))
    # the view to the left of 0 1 2 / 3 4 5 repeats the left column: 0 0 1 / 3 3 4
    assert kernel[:, 6:12].argmax(axis=0).tolist() == [0, 0, 1, 3, 3, 4]


def test_views_of_large_images_are_refused_with_their_size() -> None:
    with pytest.raises(
        ConfigError, match="a vote in one model needs 604 MB for 9 views of images of 64x64, and takes 256 MB"
    ):
        see_views(keras.Input((64, 64, 1)), 9)


def test_vote_json_says_what_is_inside(folder: Path, tmp_path: Path) -> None:
    export("in_bfloat16", folder, tmp_path)
    facts = json.loads((tmp_path / "vote.json").read_text())
    assert facts["class_names"] == list(CLASSES)
    assert facts["image_shape"] == list(SHAPE)
    assert (facts["averaged"], facts["temperature"], facts["num_models"]) == ("softmax", 0.4, 2)
    assert (facts["arithmetic"], facts["tolerance"]) == (["bfloat16", "float32"], 2e-2)
    assert [(m["name"], m["weight"], m["views"]) for m in facts["members"]] == [("a", 0.5, 5), ("b", 0.5, 1)]
    assert facts["members"][0]["model_urls"] == [str(folder / "bfloat16.keras")]
    assert facts["compared"] is None
    assert {"tensorflow", "keras"} <= facts["versions"].keys()


def test_a_vote_goes_to_an_object_store_and_is_read_from_it(
    folder: Path, nets: dict[str, keras.Model], pixels: np.ndarray
) -> None:
    url = export("alone", folder, "memory://votes/one")
    np.testing.assert_allclose(predict_images(url, pixels), expected("alone", nets, pixels), rtol=0, atol=1e-5)


def test_a_known_vote_is_compared_before_anything_is_written(
    folder: Path, nets: dict[str, keras.Model], pixels: np.ndarray, tmp_path: Path
) -> None:
    vote = expected("alone", nets, pixels)
    export("alone", folder, tmp_path / "same", KnownVote(images=pixels, softmax=vote, name="test rows"))
    compared = json.loads((tmp_path / "same" / "vote.json").read_text())["compared"]
    assert (compared["rows"], compared["num_rows"]) == ("test rows", 7)
    assert 0 <= compared["largest_difference"] <= 1e-5
    vote[3] = vote[3, ::-1]
    with pytest.raises(StoredFileError, match=r"differs by 0\.\d+ \(1 of 7 test rows by more than 0\.1\)"):
        export("alone", folder, tmp_path / "other", KnownVote(images=pixels, softmax=vote, name="test rows"))
    assert not (tmp_path / "other").exists()


def test_a_model_that_is_missing_or_torn_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StoredFileError, match=r"plain\.keras is missing\. .* --keep-models"):
        export("alone", tmp_path)
    whole = (folder / "plain.keras").read_bytes()
    for data in (b"", b"PK\3\4", whole[: len(whole) // 2]):
        (tmp_path / "plain.keras").write_bytes(data)
        with pytest.raises(StoredFileError, match=r"plain\.keras is torn or no Keras model"):
            export("alone", tmp_path)
    with zipfile.ZipFile(folder / "plain.keras") as old, zipfile.ZipFile(tmp_path / "plain.keras", "w") as new:
        new.writestr("config.json", old.read("config.json"))
    with pytest.raises(StoredFileError, match=r"plain\.keras does not load in Keras's safe mode: "):
        export("alone", tmp_path)


def test_layers_and_functions_of_ones_own_are_refused_by_name(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("mine")
    class Doubling(keras.layers.Layer):
        def call(self, images: tf.Tensor) -> tf.Tensor:
            return images * 2

    @keras.saving.register_keras_serializable("mine")
    def halved(images: tf.Tensor) -> tf.Tensor:
        return images / 2

    images = keras.Input(SHAPE)
    for x, words in ((Doubling()(images), "mine>Doubling"), (keras.layers.Activation(halved)(images), "mine>halved")):
        model = keras.Model(images, keras.layers.Dense(5, activation="softmax")(keras.layers.Flatten()(x)))
        keras.Model(images, model(images)).save(tmp_path / "plain.keras")  # one's own stand in a model within
        with pytest.raises(StoredFileError, match=rf"must be made of Keras's own layers and functions, got {words}:"):
            export("alone", tmp_path)


def test_members_of_other_images_or_classes_are_refused(folder: Path, tmp_path: Path) -> None:
    config = make_model_config(3, dense_units=())
    (tmp_path / "plain.keras").write_bytes((folder / "plain.keras").read_bytes())
    (tmp_path / "normed.keras").write_bytes((folder / "normed.keras").read_bytes())
    for shape, num_classes in (((9, 8, 1), 5), (SHAPE, 4)):
        other = make_model(config, image_shape=shape, num_classes=num_classes)
        as_deployable(other).save(tmp_path / "other_seed.keras")
        with pytest.raises(StoredFileError, match=r"other_seed\.keras must take images \(9, 8, 2\) and give 5 classes"):
            export("weighted", tmp_path)


@pytest.mark.parametrize(
    ("members", "temperature", "words"),
    [
        ([], 1.0, "one member or more"),
        ([member("a", 1.0)], 1.0, "each of one model or more"),
        ([member("a", 0.5, "plain"), member("b", 0.4, "plain")], 1.0, "sum to 1"),
        ([member("a", 1.0, "plain"), member("b", 0.0, "plain")], 1.0, "above 0"),
        ([member("a", 1.0, "plain", views=3)], 1.0, "1, 5 or 9, got"),
        ([member("a", 1.0, "plain")], 0.0, "temperature must be above 0"),
    ],
)
def test_what_is_no_vote_is_refused(members: list[ExportMember], temperature: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        export_vote(members, of_logits=False, temperature=temperature, folder="nowhere", class_names=CLASSES)


def test_importing_deploy_loads_no_keras() -> None:
    assert not top_packages(loaded_by("core.deploy")) & HEAVY
