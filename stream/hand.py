"""A thread that makes one call at a time for another one, which may give up waiting for it.

librdkafka's `send_offsets_to_transaction` does not keep its own time limit: when the broker goes
away in the middle, it may never return, also after the broker is back (librdkafka #5456).
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any


class Hand:
    """Its calls are made one after the other."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[None], Callable[..., None], tuple[Any, ...]]]
        self._calls = SimpleQueue()
        self._last: Future[None] = Future()
        self._last.set_result(None)
        # A daemon: a call that hangs must not keep the process.
        threading.Thread(target=self._run, name="kafka-hand", daemon=True).start()

    @property
    def hangs(self) -> bool:
        """Whether the last call has not returned."""
        return not self._last.done()

    def returns_within(self, seconds: float) -> bool:
        """Wait for the last call's end, for so long at the most; whether it came."""
        return not wait([self._last], seconds).not_done

    def call(self, function: Callable[..., None], *arguments: Any) -> Future[None]:
        """Have a call made."""
        self._last = Future()
        self._calls.put((self._last, function, arguments))
        return self._last

    def close(self) -> None:
        """Let the thread end once it has nothing to do."""
        self._calls.put((Future(), _end, ()))

    def _run(self) -> None:
        while True:
            made, function, arguments = self._calls.get()
            if function is _end:
                return
            try:
                function(*arguments)
            except BaseException as error:  # raised where the call is waited for
                made.set_exception(error)
            else:
                made.set_result(None)
            del made, function, arguments  # a producer must not live on in here


def _end() -> None:
    """Not called: the mark of the last entry."""
