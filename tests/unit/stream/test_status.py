from stream.status import State, Status


def member() -> Status:
    status = Status()
    status.reading_or_joining()
    return status


def test_a_worker_is_not_ready_before_the_group_has_decided() -> None:
    assert member().state is State.JOINING


def test_a_spare_worker_is_ready_without_a_partition_also_after_an_outage() -> None:
    status = member()
    status.given([])
    assert status.state is State.READING
    status.waiting()
    assert status.state is State.WAITING
    status.reading_or_joining()
    assert status.state is State.READING


def test_a_worker_that_gave_all_back_waits_for_what_it_is_given_next() -> None:
    status = member()
    status.given([0, 1])
    status.gave_back([1])
    assert (status.state, status.partitions) == (State.READING, {0})
    status.gave_back([0])
    assert status.state is State.JOINING
    status.given([1])
    assert (status.state, status.partitions) == (State.READING, {1})


def test_an_outage_while_the_group_decides_does_not_make_it_ready() -> None:
    status = member()
    status.given([0])
    status.gave_back([0])
    status.waiting()
    status.reading_or_joining()
    assert status.state is State.JOINING
