import threading

import pytest

from stream.hand import Hand


def test_what_a_call_raises_is_raised_where_it_is_waited_for() -> None:
    hand = Hand()
    with pytest.raises(ZeroDivisionError):
        hand.call(lambda: 1 // 0).result(10)  # type: ignore[arg-type]
    hand.close()


def test_a_call_that_does_not_return_is_known_to_hang() -> None:
    hand, released = Hand(), threading.Event()
    made = hand.call(released.wait)  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        made.result(0)
    assert hand.hangs
    released.set()
    made.result(10)
    assert not hand.hangs
    hand.close()


def test_its_thread_ends_with_it() -> None:
    before = set(threading.enumerate())
    hand = Hand()
    (thread,) = set(threading.enumerate()) - before
    hand.close()
    thread.join(10)
    assert not thread.is_alive()
