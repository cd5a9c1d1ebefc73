from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from confluent_kafka import TopicPartition
from prometheus_client import REGISTRY

from stream import lag, metrics
from stream.lag import Lag

TOPIC = "passengers"


class Group:
    """Offsets of a group whose partitions end at 100."""

    def __init__(self) -> None:
        self.revocations: Counter[int] = Counter()
        self.asked: list[int] = []
        self.next_offsets: dict[int, int | None] = {0: None, 1: 40}

    def committed(self, partitions: Iterable[int], within_s: float) -> dict[int, int | None]:
        partitions = list(partitions)
        self.asked += partitions
        return {partition: self.next_offsets[partition] for partition in partitions}

    def end(self, partition: int) -> tuple[int, int]:
        return 0, 100


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    monkeypatch.setattr(lag, "SHOW_EVERY_S", 0.0)
    metrics.LAG.clear()
    yield Group()
    metrics.LAG.clear()


def shown(partition: int) -> float | None:
    return REGISTRY.get_sample_value("titanic_lag_events", {"partition": str(partition)})


def test_the_lag_is_what_is_not_committed_of_each_partition(group: Group) -> None:
    told = Lag(group)
    told.show({0, 1})
    assert (shown(0), shown(1)) == (100, 60)
    told.committed([TopicPartition(TOPIC, 0, 70)])
    told.show({0, 1})
    assert (shown(0), shown(1)) == (30, 60)


def test_a_partition_that_another_worker_answered_meanwhile_has_the_lag_it_left(
    group: Group,
) -> None:
    told = Lag(group)
    told.show({0, 1})
    group.next_offsets[1] = 95
    group.revocations[1] += 1  # and given back before the next look
    told.show({0, 1})
    assert shown(1) == 5


def test_a_partition_that_is_gone_is_shown_no_longer(group: Group) -> None:
    told = Lag(group)
    told.show({0, 1})
    group.revocations[1] += 1
    told.show({0})
    assert (shown(0), shown(1)) == (100, None)


def test_a_partition_that_stayed_is_not_asked_for_again(group: Group) -> None:
    told = Lag(group)
    told.show({0, 1})
    group.revocations[1] += 1
    told.show({0, 1})
    told.show({0, 1})
    assert sorted(group.asked) == [0, 1, 1]
