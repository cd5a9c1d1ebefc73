import pytest

from stream.status import State, Status


@pytest.fixture
def status() -> Status:
    """A member that the group has not given its part yet."""
    made = Status()
    made.reading_or_joining()
    return made


def outage(status: Status) -> None:
    status.waiting()
    assert status.state is State.WAITING
    status.reading_or_joining()


def test_a_worker_is_not_ready_before_the_group_has_decided(status: Status) -> None:
    assert status.state is State.JOINING


def test_a_spare_worker_is_ready_without_a_partition(status: Status) -> None:
    status.given([])
    assert status.state is State.READING


def test_a_spare_worker_is_ready_again_after_an_outage(status: Status) -> None:
    status.given([])
    outage(status)
    assert status.state is State.READING


def test_a_worker_that_gave_some_back_goes_on_reading(status: Status) -> None:
    status.given([0, 1])
    status.gave_back([1])
    assert (status.state, status.partitions) == (State.READING, {0})


def test_a_worker_that_gave_all_back_waits_for_what_it_is_given_next(status: Status) -> None:
    status.given([0, 1])
    status.gave_back([0, 1])
    outage(status)
    assert status.state is State.JOINING
