import logging

import pytest
from confluent_kafka import KafkaError

from stream.errors import ADVICE, Errors, GivenUp


def test_a_broker_out_of_reach_is_remembered_and_not_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors = Errors("127.0.0.1:9092")
    assert not errors.out_of_reach
    errors(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    assert errors.out_of_reach
    assert caplog.records == []


def test_the_same_thing_is_said_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    errors = Errors("127.0.0.1:9092")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            errors(KafkaError(KafkaError._AUTHENTICATION, "wrong password"))
        errors(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "not yours"))
    said = [record.message for record in caplog.records]
    assert said == ["Kafka at 127.0.0.1:9092: wrong password", "Kafka at 127.0.0.1:9092: not yours"]


def test_what_ends_a_client_is_raised() -> None:
    fatal = KafkaError(KafkaError.FENCED_INSTANCE_ID, "another took the place", True)
    with pytest.raises(GivenUp, match="another took the place"):
        Errors("127.0.0.1:9092")(fatal)


@pytest.mark.parametrize("code", [KafkaError.FENCED_INSTANCE_ID, KafkaError.UNRELEASED_INSTANCE_ID])
def test_an_end_that_is_only_told_by_its_text_is_raised_with_what_to_do(code: int) -> None:
    cause = KafkaError(code).str()
    told = KafkaError(KafkaError._FATAL, f"Fatal error: {cause}: Fatal consumer error: {cause}")
    assert not told.fatal(), "what librdkafka hands to the error callback"
    with pytest.raises(GivenUp) as given_up:
        Errors("127.0.0.1:9092")(told)
    assert str(given_up.value) == f"Kafka at 127.0.0.1:9092: {cause}: {ADVICE[code]}"


def test_what_the_worker_waits_for_is_said_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        Errors("127.0.0.1:9092")(
            KafkaError(
                KafkaError.INCONSISTENT_GROUP_PROTOCOL,
                "JoinGroup failed: Broker: Inconsistent group protocol",
            )
        )
    (record,) = caplog.records
    assert "KAFKA_PARTITION_ASSIGNMENT_STRATEGY" in record.message


def test_a_batch_that_took_too_long_is_said_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        Errors("127.0.0.1:9092")(
            KafkaError(
                KafkaError._MAX_POLL_EXCEEDED,
                "Application maximum poll interval (4000ms) exceeded by 197ms",
            )
        )
    (record,) = caplog.records
    assert "exceeded by 197ms" in record.message
    assert "TITANIC_BATCH_SIZE" in record.message
