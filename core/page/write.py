"""model.html put together and written."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.cli import program_words
from core.errors import SoftvoteError
from core.html.index import made_from, made_when, write_index
from core.html.links import links_from
from core.html.page import Section, render_page
from core.page.comparison import comparison_section
from core.page.confusions import confusions_section
from core.page.curves import curves_section
from core.page.data import data_sections
from core.page.material import Material, read_material
from core.page.misclassified import misclassified_section
from core.page.network import network_sections
from core.page.score import score_section, score_sentence
from core.store import files
from core.store.study import StudyFolder

if TYPE_CHECKING:
    import keras


def write_model_page(
    folder: StudyFolder,
    trial_id: str,
    *,
    images: np.ndarray | None = None,  # (num_train, height, width, channels) uint8
    load_model: "Callable[[], keras.Model] | None" = None,
) -> str:
    """Write model.html of a training that has ended, and the study's index; tensorflow is set up already.

    Args:
        folder: of the study.
        trial_id: of the training.
        images: of all labelled rows, where they are at hand; images.npz is read otherwise.
        load_model: returns the best epoch's model; left out, model.keras is read in Keras's safe mode. What it raises
            costs the sections that show the model, which then say so.

    Returns:
        The page's URL.

    Raises:
        StudyError: there is nothing to show, or the page cannot be written.
        StoredFileError: a file that the page needs is torn.
    """
    material = read_material(folder, trial_id, images)
    files.write_bytes(folder.model_page, render_model_page(material, load_model))
    write_index(folder)
    return folder.model_page


def try_model_page(
    folder: StudyFolder, trial_id: str, images: np.ndarray, load_model: "Callable[[], keras.Model]"
) -> str | None:
    """Write model.html as `write_model_page` does; what goes wrong, Ctrl-C included, costs a warning line."""
    try:
        return write_model_page(folder, trial_id, images=images, load_model=load_model)
    except (Exception, KeyboardInterrupt) as error:  # the training is whole and stays so, whatever a picture costs
        reason = " ".join(str(error).split()) if isinstance(error, SoftvoteError) else repr(error)
        if isinstance(error, KeyboardInterrupt):
            reason = "stopped"
        print(
            f"warning: {folder.model_page} was not made: {reason}. All else is kept; to try again: "
            f"{program_words('core.page')} {folder.url}",
            file=sys.stderr,
        )
        return None


def render_model_page(material: Material, load_model: "Callable[[], keras.Model] | None" = None) -> bytes:
    """Return the page as HTML."""
    num_parameters, of_network = network_sections(material, load_model)
    sections: list[Section] = [
        score_section(material, num_parameters),
        curves_section(material),
        confusions_section(material),
        misclassified_section(material),
        *of_network,
        comparison_section(material),
        *data_sections(material),
    ]
    name, trial_id = material.manifest.name, material.record.trial_id
    return render_page(
        title=name if material.manifest.command == "core" else f"{name}: {trial_id}",
        lead=score_sentence(material),
        sections=sections,
        links=links_from(material.folder, material.folder.model_page),
        made_from=(_made(material), *made_from(material.manifest)),
    )


def _made(material: Material) -> str:
    """Return what the page was made from, and when."""
    again = f"{program_words('core.page')} {material.folder.url}"
    if material.manifest.command != "core":
        again += f" --trial {material.record.trial_id}"
    return made_when(f"{material.record.trial_id} and the trainings beside the study", again)
