"""From a drawing or a picture to what each member and the vote say of it."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.html.images import data_uri
from ensemble.serve.framing import Framing
from ensemble.serve.picture import place_picture
from ensemble.serve.strokes import fitting_pen, place_strokes, read_strokes

Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""As `core.deploy.Answer`: one image (1, height, width, channels) uint8 to (num_members, 1, num_classes) and
(1, num_classes)."""


class Answerer:
    """Answers one image at a time; all that it needs is in memory."""

    def __init__(self, predict: Predict, framing: Framing, class_names: Sequence[str]) -> None:
        """Measure the pen."""
        self._predict = predict
        self._class_names = [str(name) for name in class_names]
        self.framing = framing
        self.pen = fitting_pen(framing)
        """Thickness of a stroke in pixels of the image."""

    def answer_drawing(self, body: bytes) -> bytes:
        """Return the answer to strokes as the page sends them, JSON.

        Raises:
            RefusedError: they are none.
        """
        started = time.perf_counter()
        how = "scaled and centred" if self.framing.is_plain else "the whole sheet, resized"
        return self._answer(place_strokes(read_strokes(body), self.framing, self.pen), how, started)

    def answer_picture(self, body: bytes) -> bytes:
        """Return the answer to an image file, JSON.

        Raises:
            RefusedError: it is none.
        """
        started = time.perf_counter()
        image, how = place_picture(body, self.framing)
        return self._answer(image, how, started)

    def _answer(self, image: np.ndarray, how: str, started: float) -> bytes:
        """Return what all say of an image, as JSON."""
        softmaxes, vote = self._predict(image[np.newaxis])
        answer: dict[str, Any] = {
            **_summary(vote[0], self._class_names),
            "vote": [round(float(share), 4) for share in vote[0]],
            "members": [[round(float(share), 4) for share in member[0]] for member in softmaxes],
            "image": data_uri(image),
            "how": how,
            "milliseconds": round(1000 * (time.perf_counter() - started), 1),
        }
        return json.dumps(answer, allow_nan=False).encode()


def _summary(vote: np.ndarray, class_names: Sequence[str]) -> dict[str, Any]:
    """Return the class that the vote (num_classes,) is for, and how sure it is."""
    first, *others = np.argsort(-vote, kind="stable")
    summary = {"class": int(first), "name": class_names[first], "probability": round(float(vote[first]), 4)}
    if others:
        second = int(others[0])
        summary |= {"second": class_names[second], "margin": round(float(vote[first] - vote[second]), 4)}
    return summary
