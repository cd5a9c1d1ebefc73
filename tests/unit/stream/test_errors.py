import logging

import pytest
from confluent_kafka import KafkaError, KafkaException

from stream.errors import Errors


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
    with pytest.raises(KafkaException, match="another took the place"):
        Errors("127.0.0.1:9092")(fatal)
