from dataclasses import asdict, replace

from tests.faults.broker_faults import java_hash
from tests.faults.oracle import FAULTY, Verdict
from tests.faults.report import markdown
from tests.faults.suite import Scenario, Struck

GOOD = Verdict(
    events=1_000,
    predictions=980,
    dead_letters=20,
    aborted=7,
    producers_aborted=0,
    lost=0,
    duplicated=0,
    invented=0,
    out_of_order=0,
    wrong=0,
    lag=0,
    readers_differ=0,
)
STRUCK = [Struck("worker killed", seed, took) for seed, took in ((1, 2.0), (2, 3.0), (3, 10.0))]


def test_a_report_counts_faults_and_events_and_tells_the_median_and_the_longest_recovery() -> None:
    told = markdown([Scenario("worker killed", STRUCK, GOOD)], {"worker killed": "a start"}, [], "")
    assert "3 faults, kinds: 1, among 1,000 events: each was answered once" in told
    assert "| worker killed | 3 | 3.0 | 10.0 | a start |" in told


def test_any_count_that_is_to_be_nothing_fails_the_verdict_and_the_report() -> None:
    assert GOOD.good
    for name in FAULTY:
        bad = Verdict(**{**asdict(GOOD), name: 1})
        assert not bad.good, name
        assert "NOT all held" in markdown([Scenario("worker killed", STRUCK, bad)], {}, [], "")
    assert not replace(GOOD, differences=("reconcile: one",)).good


def test_a_stage_without_a_verdict_is_not_good() -> None:
    failed = Scenario("worker killed", STRUCK, failure="AssertionError: no recovery")
    assert "AssertionError: no recovery" in markdown([failed], {}, [], "")
    assert not failed.good


def test_a_groups_coordinator_is_found_as_kafka_does() -> None:
    assert java_hash("hello") == 99_162_322
    assert java_hash("") == 0
    assert java_hash("polygenelubricants") == 0, "Integer.MIN_VALUE without its sign"
