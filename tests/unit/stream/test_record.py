from collections.abc import Callable
from typing import cast

import pytest
from confluent_kafka import Message

from stream.record import Headers, Record, ask_for_headers


def record(value: bytes | None, key: bytes | None, headers: Headers | None = None) -> Record:
    return cast(Record, Message(topic="passengers", key=key, value=value, headers=headers))  # type: ignore[arg-type] # a list of headers, too


class OnceUnreadable:
    """As librdkafka's: the second time it says that there are none."""

    def __init__(self, of: Record) -> None:
        self.asked = 0
        self.topic, self.partition, self.offset = of.topic, of.partition, of.offset
        self.key, self.value, self.timestamp = of.key, of.value, of.timestamp

    def headers(self) -> Headers | None:
        self.asked += 1
        if self.asked > 1:
            return None
        raise SystemError("returned a result with an exception set")


@pytest.mark.parametrize(
    ("made", "size"),
    [
        (lambda: record(b"value", b"key"), 8),
        (lambda: record(None, None), 0),
        (lambda: record(b"v", b"k", [("name", b"value"), ("none", None)]), 15),
    ],
)
def test_keys_values_and_headers_are_counted(made: Callable[[], Record], size: int) -> None:
    assert ask_for_headers([made(), made()]) == 2 * size


def test_a_record_whose_headers_cannot_be_read_says_so_whenever_it_is_asked() -> None:
    once = OnceUnreadable(record(b"value", b"key"))
    records: list[Record] = [record(b"1", b"a"), once, record(b"2", b"b")]

    ask_for_headers(records)

    for _ in range(2):
        with pytest.raises(SystemError, match="exception set"):
            records[1].headers()
    assert [r.value() for r in records] == [b"1", b"value", b"2"]
    assert (records[1].topic(), records[1].key()) == ("passengers", b"key")
