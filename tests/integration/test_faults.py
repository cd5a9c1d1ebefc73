"""The short form of `make faults`: every kind of fault once, under load; and that it can fail."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import apart, suite
from tests.faults.brokers import Brokers, brokers
from tests.faults.kind import Kind
from tests.faults.oracle import Verdict
from tests.faults.worker_sabotage import COMMITS_FIRST, NOT_EXACTLY_ONCE, REVERSES

pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.timeout(600)]

SEED = 1
GONE_S = 3


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    with brokers(tmp_path_factory.mktemp("brokers")) as made:
        yield made


def say(name: str, struck: suite.Struck) -> None:
    sys.stderr.write(f"{name}: {struck.kind}: new answers after {struck.recovery_s:.1f} s\n")


def verdict(done: suite.Scenario) -> Verdict:
    assert done.verdict is not None, done.failure
    return done.verdict


def test_every_kind_of_fault_once_loses_doubles_and_disorders_nothing(
    cluster: Brokers, tmp_path: Path
) -> None:
    kinds, _ = suite.possible(suite.kinds(GONE_S))
    count = len(kinds)
    [done] = suite.mixed(cluster, tmp_path, kinds, say, seed=SEED, count=count, at_a_time=count)
    assert done.good, done.failure or str(done.verdict)
    assert verdict(done).aborted > 0
    assert verdict(done).producers_aborted > 0


@pytest.mark.parametrize("one", apart.SCENARIOS, ids=lambda one: one.name)
def test_topics_and_members_that_are_not_as_usual_stop_nothing(
    one: apart.Apart, cluster: Brokers, tmp_path: Path
) -> None:
    done = one.run(cluster, tmp_path, SEED, say, times=1)
    assert done.good, done.failure or str(done.verdict)


def sabotaged(cluster: Brokers, folder: Path, kind: Kind) -> Verdict:
    return verdict(suite.run(cluster, folder, kind.name, [(kind, SEED)], say))


def test_without_exactly_once_it_finds_what_is_answered_twice(
    cluster: Brokers, tmp_path: Path
) -> None:
    found = sabotaged(cluster, tmp_path, NOT_EXACTLY_ONCE)
    assert found.duplicated > 0
    assert found.lost == 0
    assert not found.good


def test_with_the_commit_before_the_send_it_finds_what_is_lost(
    cluster: Brokers, tmp_path: Path
) -> None:
    found = sabotaged(cluster, tmp_path, COMMITS_FIRST)
    assert found.lost > 0
    assert found.duplicated == 0
    assert not found.good


def test_with_answers_in_another_order_it_finds_the_disorder(
    cluster: Brokers, tmp_path: Path
) -> None:
    found = sabotaged(cluster, tmp_path, REVERSES)
    assert found.out_of_order > 0
    assert found.lost == found.duplicated == 0
    assert not found.good
