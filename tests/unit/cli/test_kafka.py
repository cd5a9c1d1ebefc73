import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cli import kafka


def test_a_flush_gives_up_when_nothing_is_taken_and_says_how_much_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka, "STUCK_AFTER_S", 0.3)
    producer = Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    producer.produce("passengers", b"1")
    producer.produce("passengers", b"2")
    assert kafka.flush(producer) == 2
    producer.purge()


def test_a_flush_ends_when_nothing_is_left() -> None:
    deliveries = kafka.Deliveries()
    producer = Producer(
        {
            "bootstrap.servers": "127.0.0.1:1",
            "log_level": 0,
            "message.timeout.ms": 1,
            "on_delivery": deliveries,
        }
    )
    producer.produce("passengers", b"1")
    assert kafka.flush(producer) == 0
    assert deliveries.count == 0
    assert deliveries.failure


def test_deliveries_are_counted_and_the_first_failure_is_kept() -> None:
    deliveries = kafka.Deliveries()
    for error in (None, KafkaError._TRANSPORT, None, KafkaError._TIMED_OUT):
        deliveries(None if error is None else KafkaError(error), Message())
    assert deliveries.count == 2
    assert deliveries.failure == KafkaError(KafkaError._TRANSPORT).str()


def test_what_kafka_refuses_is_one_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    kafka.say("watch", KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
    assert capsys.readouterr().err == "titanic watch: Kafka: Broker: Topic authorization failed\n"
