"""What `titanic watch` makes of the errors that come in place of records."""

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from cli.watch import value_of


def test_a_missing_right_to_read_ends_the_watch() -> None:
    with pytest.raises(KafkaException):
        value_of(Message(error=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))


@pytest.mark.parametrize(
    "error",
    [
        KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED),
        KafkaError(KafkaError._PARTITION_EOF),
        KafkaError(KafkaError.LEADER_NOT_AVAILABLE, "elected in a moment", retriable=True),
    ],
)
def test_what_passes_or_does_not_matter_is_silence(error: KafkaError) -> None:
    assert value_of(Message(error=error)) is None


def test_a_record_is_its_value() -> None:
    assert value_of(Message(value=b"x")) == b"x"
