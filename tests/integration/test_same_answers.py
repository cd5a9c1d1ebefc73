"""All 1,309 real passengers, three ways in: the stream, the API and the pickle say the same."""

import json
import pickle
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.million import pickle_kept
from cli import ports
from cli.events import of_real
from tests.integration import programs
from tests.integration.workers import Event, Scene, scene, until
from titanic_model.passenger import Passenger
from training.dataset import passengers
from training.fit import features
from training.train import PICKLE

pytestmark = [pytest.mark.broker, pytest.mark.image]

REAL = list(passengers())
EVENTS = [of_real(one) for one in REAL]


@pytest.fixture
def stage(kafka: str, tmp_path: Path) -> Iterator[Scene]:
    with scene(kafka, tmp_path, str(tmp_path / "releases")) as made:
        yield made


def test_the_stream_the_api_and_the_pickle_agree_on_every_passenger(
    stage: Scene, tmp_path: Path
) -> None:
    train = [sys.executable, "-m", "training.train"]
    with pickle_kept(tmp_path):
        subprocess.run(train, env=stage.environment(), check=True, capture_output=True)
        pickled = PICKLE.read_bytes()
    pipeline = pickle.loads(pickled)
    inputs = features(Passenger(sex=p.sex, pclass=p.pclass, age=p.age) for p in REAL)
    said = zip(pipeline.predict(inputs), pipeline.predict_proba(inputs)[:, 1], strict=True)
    by_pickle = {p.passenger_id: (int(s), float(q)) for p, (s, q) in zip(REAL, said, strict=True)}

    stage.worker().ready()
    stage.produce(Event(event.value, event.key) for event in EVENTS)
    streamed = stage.answers(len(EVENTS)).values
    by_stream = {a["passenger_id"]: (a["survived"], a["probability"]) for a in streamed}

    by_api = dict(_ask_the_api(stage))

    assert len(streamed) == len(by_pickle) == 1309
    assert by_stream == by_pickle
    assert by_api == by_pickle
    assert len({a["model_version"] for a in streamed}) == 1


def _ask_the_api(stage: Scene) -> Iterator[tuple[str, tuple[int, float]]]:
    port = str(next(ports.free()))
    api = programs.start(
        *("api", "--host", ports.HOST, "--port", port),
        environment=stage.environment(),
        log=stage.folder / "api.log",
    )
    try:
        until(lambda: _answers(f"http://{ports.HOST}:{port}/readyz"), "the API is ready", 60)
        for event in EVENTS:
            request = urllib.request.Request(
                f"http://{ports.HOST}:{port}/predict",
                event.value,
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                told = json.loads(response.read())
            yield told["passenger_id"], (told["survived"], told["probability"])
    finally:
        api.kill()
        api.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
            return True
    except OSError:
        return False
