"""A release store on S3 that fails as networks and servers do: said in a line, and outlived."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx
import pytest

from tests import s3 as server
from tests import synthetic
from tests.integration import apis
from tests.integration.workers import until
from tests.proxy import Fault, Proxy, proxy
from titanic_model.releases import Releases
from titanic_model.scorer import DOMAIN_SIZE

# Such requests to a cloud's store end within 10 s (titanic_model/store.py); the rest is Python's
# start, and a busy machine.
SAID_WITHIN_S: Final = 20.0
FIRST: Final = synthetic.make()
SECOND: Final = synthetic.make(synthetic.DISTINCT[::-1])
BROKEN: Final = [Fault.ERRORS, Fault.SILENCE, Fault.CUT, Fault.DOWN]


@pytest.fixture
def network(s3: tuple[str, int]) -> Iterator[Proxy]:
    """What is between us and the server."""
    with proxy(*s3) as made:
        yield made


@pytest.fixture
def store(bucket: str) -> Releases:
    """A store, FIRST in service, SECOND beside it, by the direct way."""
    releases = Releases(f"s3://{bucket}/releases")
    for manifest, files in (SECOND, FIRST):
        releases.publish(manifest, files)
    releases.promote(SECOND[0].id)
    releases.promote(FIRST[0].id)
    return releases


@pytest.fixture
def through(network: Proxy) -> Mapping[str, str]:
    """The variables that lead to the store through the network."""
    return server.environment("127.0.0.1", network.port)


@pytest.mark.parametrize(
    ("command", "fault"), list(zip(["rollback", "list"] * 2, BROKEN, strict=True)), ids=str
)
def test_a_command_says_in_one_line_what_is_wrong_and_soon(
    store: Releases, network: Proxy, through: Mapping[str, str], command: str, fault: Fault
) -> None:
    network.cut_after_bytes = 50
    network.breaks(fault)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", "releases", command],
        env={**os.environ, **through, "TITANIC_RELEASES": store.location},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert time.monotonic() - began < SAID_WITHIN_S
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"titanic releases {command}: release store {store.location}: ")
    assert done.returncode == 2
    assert store.champion() == FIRST[0].id


@pytest.mark.parametrize("fault", BROKEN)
def test_an_api_serves_what_it_has_through_any_fault_and_recovers(
    store: Releases, network: Proxy, through: Mapping[str, str], tmp_path: Path, fault: Fault
) -> None:
    settings = {"TITANIC_RELEASES": store.location, "TITANIC_FOLLOW_EVERY_S": "0.1", **through}
    first, second = FIRST[0].id, SECOND[0].id
    with (
        apis.server(tmp_path / "log", **settings) as api,
        httpx.Client(base_url=api.url, trust_env=False, timeout=30) as client,
    ):

        def ready() -> dict[str, Any]:
            told: dict[str, Any] = client.get("/readyz").json()
            return told

        api.wait_until(lambda: ready().get("model_version") == first)
        # So little of the table at a time that all retries together do not get it.
        network.cut_after_bytes = 10_000
        network.breaks(fault)
        store.rollback()  # by another way
        until(lambda: bool(ready()["problem"]), "the problem is told", SAID_WITHIN_S)
        began = time.monotonic()
        answer = client.post("/predict", json={"sex": "male", "pclass": 3})
        assert time.monotonic() - began < 2
        assert answer.json()["model_version"] == ready()["model_version"] == first
        page = client.get("/metrics").text
        assert 'titanic_release_problem{reason="store_unavailable"} 1.0' in page
        assert 'titanic_release_problem{reason="refused"} 0.0' in page

        network.breaks(Fault.NONE)
        until(lambda: ready()["model_version"] == second, "the champion", SAID_WITHIN_S)
        assert ready()["problem"] is None
        log = api.log.read_text()
        assert "Traceback" not in log
        assert log.count("stays in service") <= 5, "said when it begins, not at each look"


def test_slow_answers_delay_a_swap_and_no_request(
    store: Releases, network: Proxy, through: Mapping[str, str], tmp_path: Path
) -> None:
    settings = {"TITANIC_RELEASES": store.location, "TITANIC_FOLLOW_EVERY_S": "0.1", **through}
    slowest_s, versions = 0.0, set()
    with (
        apis.server(tmp_path / "log", **settings) as api,
        httpx.Client(base_url=api.url, trust_env=False, timeout=30) as client,
    ):

        def answer() -> str:
            nonlocal slowest_s
            began = time.monotonic()
            told = client.post("/predict", json={"sex": "male", "pclass": 3}).json()
            slowest_s = max(slowest_s, time.monotonic() - began)
            versions.add(told.get("model_version"))
            return str(told.get("model_version"))

        api.wait_until(lambda: client.get("/readyz").status_code == 200)
        network.breaks(Fault.SLOW)
        store.rollback()
        until(lambda: answer() == SECOND[0].id, "the champion", SAID_WITHIN_S)
        assert versions == {FIRST[0].id, SECOND[0].id}
        assert slowest_s < network.delay_s


def test_a_read_that_is_cut_once_goes_on_where_it_was(
    store: Releases, network: Proxy, through: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in through.items():
        monkeypatch.setenv(name, value)
    reader = Releases(store.location)
    entry = reader.entry()
    assert entry is not None
    network.breaks_once(Fault.CUT)
    manifest, scorer = reader.load(entry.release, entry.manifest_sha256)
    assert manifest == FIRST[0]
    assert scorer.version == FIRST[0].id
    assert network.fault is Fault.NONE, "it was cut"


def test_a_promotion_whose_answer_is_lost_is_never_taken_for_anothers(
    store: Releases, network: Proxy, through: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in through.items():
        monkeypatch.setenv(name, value)
    promoter = Releases(store.location)
    entry = promoter.entry()
    network.breaks_once(Fault.LOST_ANSWER, b"PUT")
    assert promoter.promote(SECOND[0].id, after=entry) == store.entry()
    assert network.fault is Fault.NONE, "an answer was lost"
    assert store.log.numbers() == [3, 2, 1]


RACER: Final = """
import json, sys
from titanic_model.releases import Entry, Releases, Superseded

location, release, entry = sys.argv[1:]
releases = Releases(location)
judged_by = Entry.model_validate_json(entry)
releases.load(release)
print("ready", flush=True)
sys.stdin.readline()
try:
    print(releases.promote(release, after=judged_by, forced="a race").number)
except Superseded:
    print("superseded")
"""


@pytest.mark.parametrize("kind", ["folder", "S3"])
def test_of_processes_that_promote_at_once_one_wins_and_the_others_are_told(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    location = str(tmp_path / "releases")
    if kind == "S3":
        location = f"s3://{request.getfixturevalue('bucket')}/releases"
    releases = Releases(location)
    others = [SECOND, *(synthetic.make([p] * DOMAIN_SIZE) for p in (0.1, 0.2, 0.3))]
    for manifest, files in (FIRST, *others):
        releases.publish(manifest, files)
    for _ in range(3):
        entry = releases.promote(FIRST[0].id)
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", RACER, location, other.id, entry.model_dump_json()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for other, _ in others
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        told = [racer.communicate("go\n", timeout=60)[0] for racer in racers]
        assert sorted(told) == [f"{entry.number + 1}\n", *["superseded\n"] * 3]
        assert releases.champion() == others[told.index(f"{entry.number + 1}\n")][0].id
