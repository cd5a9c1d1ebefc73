"""A producer and a consumer that are not ours: kcat, as Debian packages it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.workers import Scene, scene
from titanic_model.passenger import Prediction

KCAT = shutil.which("kcat") or ""
pytestmark = [
    pytest.mark.broker,
    pytest.mark.image,
    pytest.mark.skipif(not KCAT, reason="kcat is not installed (apt-get install kcat)"),
]


@pytest.fixture
def stage(kafka: str, tmp_path: Path, release_store: str) -> Iterator[Scene]:
    with scene(kafka, tmp_path, release_store) as made:
        yield made


def kcat(stage: Scene, *arguments: str, stdin: str = "") -> str:
    command = [KCAT, "-b", stage.servers, *arguments]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kcat_produces_events_and_reads_predictions_and_dead_letters(stage: Scene) -> None:
    stage.worker().ready()
    events = (
        'p-1:{"passenger_id":"p-1","age":29,"sex":"female","pclass":1}\n'
        'p-2:{"sex":"MALE","class":3}\n'
        "p-3:nonsense\n"
    )
    header = ("-H", "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    kcat(stage, "-P", "-t", stage.passengers, "-K:", *header, stdin=events)

    read = ("-C", "-o", "beginning", "-X", "isolation.level=read_committed", "-J", "-q")
    answers = kcat(stage, *read, "-t", stage.predictions, "-c", "2").splitlines()
    dead = kcat(stage, *read, "-t", stage.dead_letters, "-c", "1")

    by_key = {(record := json.loads(line))["key"]: record for line in answers}
    assert set(by_key) == {"p-1", "p-2"}
    for key, record in by_key.items():
        prediction = Prediction.model_validate_json(record["payload"])
        assert prediction.passenger_id == key
        assert prediction.event is not None
        assert prediction.event.startswith(f"{stage.passengers}/")
        assert record["headers"] == ["traceparent", header[1].partition("=")[2]]
    letter = json.loads(dead)
    assert (letter["key"], letter["payload"]) == ("p-3", "nonsense")
    assert "__connect.errors.exception.message" in letter["headers"]
