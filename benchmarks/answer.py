"""How fast the page to draw on answers: `uv run -m benchmarks.answer`."""

import contextlib
import http.client
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import uvicorn

from benchmarks.device import prepare_device
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, timed
from benchmarks.settings import RoundSettings
from core.cli import run_command
from ensemble.serve.answerer import Answerer
from ensemble.serve.app import make_app
from ensemble.serve.framing import measure_framing
from ensemble.serve.last_vote import LastVote, read_last_vote
from ensemble.serve.run import load_answerer
from ensemble.settings import EnsembleSettings

DESCRIPTION = "Time the answer to a drawing, strokes in and JSON out over HTTP, against model.predict of each member."
NUM_MEMBERS = 10
SHAPE = (28, 28, 1)
DRAWING = json.dumps(
    {
        "strokes": [
            [[0.3 + 0.004 * i, 0.2] for i in range(100)],
            [[0.7 - 0.003 * i, 0.2 + 0.006 * i] for i in range(100)],
        ]
    }
).encode()
"""A 7 of 200 points."""


@dataclass(frozen=True, kw_only=True)
class AnswerSettings(RoundSettings):
    """Settings of this benchmark."""

    study: str | None = None
    """A study whose last vote's models answer; left out: ten of the notebook's network, untrained, at 28x28."""


def main(settings: AnswerSettings) -> None:
    """Run the benchmark."""
    device = prepare_device()
    num_answers = settings.size(full=8, quick=3)
    with tempfile.TemporaryDirectory(prefix="softvote-") as folder:
        answerer, urls, whose = _of_study(settings.study) if settings.study else _of_made_up(Path(folder))
        in_turn = _predict_in_turn(urls, answerer.framing.shape)
    times: list[float] = []
    with _served(answerer) as ask:
        ours, baseline = "ours, over HTTP", "model.predict in turn"
        benchmark = Benchmark(
            name="answer",
            contenders=(
                Contender(name=ours, measure=timed(lambda: times.extend(ask() for _ in range(num_answers)))),
                Contender(name=baseline, measure=timed(lambda: [in_turn() for _ in range(num_answers)])),
            ),
            comparisons=(Comparison(key="predict_in_turn", ours=ours, baseline=baseline),),
            num_images=num_answers,
            find=lambda found: _percentiles(times),
            notes=(
                device,
                whose,
                "ours places 200 points of a pen, asks all members and the vote, and sends the answer",
                "the baseline asks model.predict of each model about a ready image (one view), and nothing else",
            ),
        )
        run_benchmark(benchmark, settings)


def _of_study(url: str) -> tuple[Answerer, Sequence[str], str]:
    """Return what answers, the models' files, and whose they are."""
    vote: LastVote = read_last_vote(EnsembleSettings(study=url, serve=True))
    urls = list(dict.fromkeys(url for voter in vote.voters for url in voter.model_urls))
    return load_answerer(vote), urls, f"{len(vote.voters)} members of {url}, {len(urls)} models"


def _of_made_up(folder: Path) -> tuple[Answerer, Sequence[str], str]:
    """Return the same of ten untrained networks, which take as long as trained ones."""
    from core.config import notebook_config
    from core.deploy import ExportMember, load_vote
    from core.model import as_deployable, build_model

    urls = [str(folder / f"{number}.keras") for number in range(NUM_MEMBERS)]
    for url in urls:
        net = build_model(notebook_config().model, image_shape=SHAPE, num_classes=10, precision="float32")
        as_deployable(net).save(url)
    predict = load_vote(
        [ExportMember(name=url, model_urls=(url,), weight=1 / NUM_MEMBERS) for url in urls],
        of_logits=False,
        temperature=1.2,
        image_shape=SHAPE,
        num_classes=10,
    )
    images = np.zeros((100, *SHAPE), np.uint8)
    images[:, 4:24, 8:20] = 255
    answerer = Answerer(predict, measure_framing(images), [str(digit) for digit in range(10)])
    return answerer, urls, f"{NUM_MEMBERS} members: the notebook's network, untrained, float32"


def _predict_in_turn(urls: Sequence[str], shape: tuple[int, int, int]) -> Callable[[], object]:
    """Return what asks each model about one image."""
    from core.stock_model import read_stock_model

    models = [read_stock_model(url) for url in urls]
    image = np.zeros((1, *shape), np.uint8)
    return lambda: [model.predict(image, verbose=0) for model in models]


@contextlib.contextmanager
def _served(answerer: Answerer) -> Iterator[Callable[[], float]]:
    """Serve from a thread; yield what asks once, over a new connection, and returns the seconds it took."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = make_app(answerer, {}, host="127.0.0.1")
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()

    def ask() -> float:
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=60)
        connection.request("POST", "/drawing", DRAWING, {"content-type": "application/json"})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
        connection.close()
        return time.perf_counter() - started

    try:
        yield ask
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _percentiles(times: Sequence[float]) -> list[Finding]:
    """Return the median and the 95th percentile of the answers' times."""
    found = [(share, 1000 * float(np.percentile(times, share))) for share in (50, 95)]
    return [
        Finding(key=f"milliseconds_p{share}", value=value, words=f"{value:.1f} ms of {len(times)} answers")
        for share, value in found
    ]


if __name__ == "__main__":
    run_command(AnswerSettings, main, prog="python -m benchmarks.answer", description=DESCRIPTION)
