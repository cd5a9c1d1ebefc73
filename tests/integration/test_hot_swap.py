"""Worker and API follow the champion while they work: nothing is lost, doubled or held up."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx
import pytest

from tests import synthetic
from tests.integration import apis
from tests.integration.apis import Server
from tests.integration.workers import Scene, Worker, passenger, scene, until
from titanic_model.passenger import Passenger, parse
from titanic_model.releases import TABLE, Releases
from titanic_model.scorer import Scorer

pytestmark = [pytest.mark.broker, pytest.mark.image]

SWAPS: Final = 50
CLIENTS: Final = 3
EVENTS_AT_A_TIME: Final = 200
SEEN_WITHIN_S: Final = 5.0
# A request takes 0.001 s, and beside a swap some 0.1 s on a busy machine (the slowest of 15,000).
SLOWEST_REQUEST_S: Final = 2.0
OFTEN: Final = {"TITANIC_FOLLOW_EVERY_S": "0.1"}
FIRST: Final = synthetic.make()
SECOND: Final = synthetic.make(synthetic.DISTINCT[::-1])


@dataclass
class Service:
    """A worker and an API that follow one store, and what came of all that they were asked."""

    releases: Releases
    stage: Scene
    worker: Worker
    api: Server
    ids: list[str] = field(default_factory=list)
    responses: list[tuple[int, float, int, dict[str, Any]]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def versions(self) -> set[str | None]:
        """What the two say that they serve."""
        told = httpx.get(f"{self.api.url}/readyz", trust_env=False).json()
        return {json.loads(self.worker.page("/readyz")[1])["model"], told["model_version"]}

    def serve(self, release: str, within_s: float = SEEN_WITHIN_S) -> float:
        """Wait until both serve a release; how long that took."""
        began = time.monotonic()
        until(lambda: self.versions() == {release}, f"both serve {release}", within_s)
        return time.monotonic() - began

    def stream(self) -> None:
        """Produce events, without an end."""
        while not self.done.is_set():
            first = len(self.ids)
            numbers = range(first, first + EVENTS_AT_A_TIME)
            self.ids += self.stage.produce(passenger(number) for number in numbers)

    def ask(self, who: int) -> None:
        """Ask the API, one passenger after the other, without an end."""
        with httpx.Client(base_url=self.api.url, trust_env=False) as client:
            number = who
            while not self.done.is_set():
                began = time.monotonic()
                response = client.post(
                    "/predict",
                    content=passenger(number).value,
                    headers={"content-type": "application/json"},
                )
                took_s = time.monotonic() - began
                self.responses.append((number, took_s, response.status_code, response.json()))
                number += CLIENTS

    def run(self, work: Callable[..., None], *arguments: int) -> threading.Thread:
        """Do it in a thread, and keep what goes wrong there."""

        def and_keep() -> None:
            try:
                work(*arguments)
            except BaseException as fault:
                self.faults.append(fault)

        thread = threading.Thread(target=and_keep)
        thread.start()
        return thread


@pytest.fixture
def service(kafka: str, tmp_path: Path) -> Iterator[Service]:
    """Both, serving FIRST; SECOND is in the store."""
    releases = Releases(str(tmp_path / "releases"))
    for manifest, files in (SECOND, FIRST):
        releases.publish(manifest, files)
    releases.promote(FIRST[0].id)
    with (
        scene(kafka, tmp_path, releases.location) as stage,
        apis.server(tmp_path / "api.log", TITANIC_RELEASES=releases.location, **OFTEN) as api,
    ):
        stage.create_topics()
        yield Service(releases, stage, stage.worker(**OFTEN).ready(), api)


def expected(scorers: dict[str, Scorer], number: int, version: str) -> tuple[int, float]:
    """What a version's table says of a passenger."""
    event = parse(passenger(number).value)
    assert isinstance(event, Passenger)
    answer = scorers[version].answer(event)
    return answer.survived, answer.probability


def test_fifty_promotions_and_roll_backs_under_load_lose_double_and_mistake_nothing(
    service: Service, record_property: Callable[[str, str], None]
) -> None:
    work = [service.run(service.stream)]
    work += [service.run(service.ask, who) for who in range(CLIENTS)]
    took_s = []
    try:
        for _ in range(SWAPS):
            service.releases.promote(SECOND[0].id)
            took_s.append(service.serve(SECOND[0].id))
            service.releases.rollback()
            took_s.append(service.serve(FIRST[0].id))
    finally:
        service.done.set()
        for thread in work:
            thread.join()
    assert not service.faults

    scorers = {m.id: Scorer(m.id, files[TABLE]) for m, files in (FIRST, SECOND)}
    answers = service.stage.answers(len(service.ids))
    assert answers.events == Counter(service.ids), "each event was answered once"
    assert not answers.dead_letters
    numbers = {event: number for number, event in enumerate(service.ids)}
    for value in answers.values:
        told = value["survived"], value["probability"]
        assert told == expected(scorers, numbers[value["event"]], value["model_version"])

    for number, _, status, value in service.responses:
        assert status == 200
        told = value["survived"], value["probability"]
        assert told == expected(scorers, number, value["model_version"])
    slowest_s = max(took for _, took, _, _ in service.responses)
    record_property("seen after, mean s", f"{sum(took_s) / len(took_s):.2f}")
    record_property("events", str(len(service.ids)))
    record_property("requests", str(len(service.responses)))
    record_property("slowest request, s", f"{slowest_s:.3f}")
    assert slowest_s < SLOWEST_REQUEST_S
    for served in (answers.values, [value for _, _, _, value in service.responses]):
        versions = Counter(value["model_version"] for value in served)
        assert min(versions[m.id] for m in (FIRST[0], SECOND[0])) > len(served) / 10
    for log in (service.worker.log, service.api.log.read_text()):
        assert "Traceback" not in log


def test_a_bad_champion_is_told_of_everywhere_and_replaces_nothing(service: Service) -> None:
    good, bad = FIRST[0].id, SECOND[0].id
    (Path(service.releases.location) / bad / TABLE).write_bytes(b"damaged")
    synthetic.put_into_service(service.releases, bad)
    refused = f"release {bad}: {TABLE} is damaged"
    service.api.wait_until(lambda: refused in service.api.log.read_text())
    service.worker.says(refused)
    assert service.versions() == {good}

    with httpx.Client(base_url=service.api.url, trust_env=False) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 200
        assert "is damaged" in ready.json()["problem"]
        assert 'titanic_release_problem{reason="refused"} 1.0' in client.get("/metrics").text
        assert client.post("/predict", json={"sex": "male", "pclass": 3}).status_code == 200
    status, page = service.worker.page("/readyz")
    assert status == 200
    assert "is damaged" in json.loads(page)["problem"]
    assert service.worker.metric("titanic_release_problem", reason="refused") == 1
    ids = service.stage.produce(passenger(number) for number in range(10))
    assert {value["model_version"] for value in service.stage.answers(len(ids)).values} == {good}

    service.releases.rollback()
    service.worker.says(f"release {good} is the champion again")
    until(
        lambda: service.worker.metric("titanic_release_problem", reason="refused") == 0,
        "no problem any more",
        SEEN_WITHIN_S,
    )


def test_the_command_rolls_back_what_runs_within_five_seconds(kafka: str, tmp_path: Path) -> None:
    releases = Releases(str(tmp_path / "releases"))
    for manifest, files in (FIRST, SECOND):
        releases.publish(manifest, files)
        releases.promote(manifest.id)
    store = {"TITANIC_RELEASES": releases.location}
    with (
        scene(kafka, tmp_path, releases.location) as stage,
        apis.server(tmp_path / "api.log", **store) as api,
    ):
        service = Service(releases, stage, stage.worker().ready(), api)
        service.serve(SECOND[0].id, within_s=30)
        done = subprocess.run(
            [sys.executable, "-c", "from cli.main import app; app()", "releases", "rollback"],
            env=stage.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.startswith(f"{SECOND[0].id} -> {FIRST[0].id}: ")
        service.serve(FIRST[0].id, within_s=SEEN_WITHIN_S)
