import logging

import pytest
from confluent_kafka import Consumer, Producer

from stream.clients import (
    build,
    check_timeouts,
    consumer_properties,
    largest_record_bytes,
    producer_properties,
)
from stream.topics import OUTPUT_LIMIT_BYTES
from titanic_model.settings import BadSetting


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for variable in list(os.environ):
        if variable.startswith("KAFKA_"):
            monkeypatch.delenv(variable)


def test_a_variable_sets_the_property_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SESSION_TIMEOUT_MS", "6000")
    monkeypatch.setenv("KAFKA_LINGER_MS", "7")
    assert consumer_properties()["session.timeout.ms"] == "6000"
    assert producer_properties()["linger.ms"] == "7"


@pytest.mark.parametrize(
    ("name", "promise"),
    [
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("isolation.level", "read_committed"),
    ],
)
def test_no_setting_breaks_a_promise_of_the_consumer(
    monkeypatch: pytest.MonkeyPatch, name: str, promise: str
) -> None:
    monkeypatch.setenv("KAFKA_" + name.upper().replace(".", "_"), "true")
    assert consumer_properties()[name] == promise


def test_no_setting_breaks_the_promise_of_the_producer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_ENABLE_IDEMPOTENCE", "false")
    assert producer_properties()["enable.idempotence"] == "true"


def test_acks_that_lose_records_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_ACKS", "1")
    with pytest.raises(BadSetting, match="acks"):
        build(Producer, producer_properties())


def test_a_variable_meant_for_others_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KAFKA_PORT", "tcp://10.0.0.1:9092")
    monkeypatch.setenv("KAFKA_OPTS", "-Xmx1g")
    with caplog.at_level(logging.WARNING):
        build(Consumer, consumer_properties()).close()
    assert {record.message.split()[0] for record in caplog.records} == {"KAFKA_PORT", "KAFKA_OPTS"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "nonsense"),
        ("KAFKA_SESSION_TIMEOUT_MS", "soon"),
        ("KAFKA_DEFAULT_TOPIC_CONFIG", "acks=1"),
    ],
)
def test_a_bad_value_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSetting) as refusal:
        build(Consumer, consumer_properties())
    assert str(refusal.value).startswith("Kafka settings: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("session_ms", "transaction_ms"), [("6000", ""), ("", "15000"), ("", "60000"), ("9000", "9000")]
)
def test_a_transaction_that_outlasts_its_workers_membership_is_refused(
    monkeypatch: pytest.MonkeyPatch, session_ms: str, transaction_ms: str
) -> None:
    monkeypatch.setenv("KAFKA_SESSION_TIMEOUT_MS", session_ms)
    monkeypatch.setenv("KAFKA_TRANSACTION_TIMEOUT_MS", transaction_ms)
    with pytest.raises(BadSetting) as refusal:
        check_timeouts()
    assert f"KAFKA_SESSION_TIMEOUT_MS={session_ms or 15000}" in str(refusal.value)
    assert f"KAFKA_TRANSACTION_TIMEOUT_MS={transaction_ms or 10000}" in str(refusal.value)


@pytest.mark.parametrize(("session_ms", "transaction_ms"), [("", ""), ("6000", "4000")])
def test_a_transaction_shorter_than_a_membership_is_taken(
    monkeypatch: pytest.MonkeyPatch, session_ms: str, transaction_ms: str
) -> None:
    monkeypatch.setenv("KAFKA_SESSION_TIMEOUT_MS", session_ms)
    monkeypatch.setenv("KAFKA_TRANSACTION_TIMEOUT_MS", transaction_ms)
    check_timeouts()


def test_the_new_group_protocol_leaves_the_timeout_of_a_membership_to_the_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_GROUP_PROTOCOL", "consumer")
    monkeypatch.setenv("KAFKA_TRANSACTION_TIMEOUT_MS", "60000")
    check_timeouts()
    build(Consumer, consumer_properties()).close()


def test_a_producers_largest_request_says_nothing_of_fetches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_MESSAGE_MAX_BYTES", "10000000")
    assert producer_properties()["message.max.bytes"] == "10000000"
    build(Consumer, consumer_properties()).close()  # librdkafka refuses fetches smaller than it


def test_what_is_fetched_ahead_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_FETCH_MAX_BYTES", "52428800")
    monkeypatch.setenv("KAFKA_QUEUED_MAX_MESSAGES_KBYTES", "65536")
    properties = consumer_properties()
    assert properties["fetch.max.bytes"] == "52428800"
    assert properties["queued.max.messages.kbytes"] == "65536"
    build(Consumer, properties).close()


def test_what_a_topic_of_ours_takes_fits_into_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    assert largest_record_bytes() > OUTPUT_LIMIT_BYTES
    monkeypatch.setenv("KAFKA_QUEUE_BUFFERING_MAX_KBYTES", "1")
    assert largest_record_bytes() == 1024
    monkeypatch.setenv("KAFKA_QUEUE_BUFFERING_MAX_KBYTES", "1 MB")
    with pytest.raises(BadSetting, match="KAFKA_QUEUE_BUFFERING_MAX_KBYTES=1 MB"):
        largest_record_bytes()


def test_a_worker_with_a_name_is_a_static_member(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "group.instance.id" not in consumer_properties()
    assert consumer_properties("worker-0")["group.instance.id"] == "worker-0"
    monkeypatch.setenv("KAFKA_GROUP_INSTANCE_ID", "given")
    assert consumer_properties("worker-0")["group.instance.id"] == "given"


def test_the_new_group_protocol_takes_a_name_only_where_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KAFKA_GROUP_PROTOCOL", "Consumer")
    assert "group.instance.id" not in consumer_properties("worker-0")
    monkeypatch.setenv("KAFKA_GROUP_INSTANCE_ID", "given")
    assert consumer_properties("worker-0")["group.instance.id"] == "given"


def test_a_session_may_be_longer_than_a_batch_may_take_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert consumer_properties()["max.poll.interval.ms"] == "60000"
    monkeypatch.setenv("KAFKA_SESSION_TIMEOUT_MS", "90000")
    assert consumer_properties()["max.poll.interval.ms"] == "90000"
    build(Consumer, consumer_properties()).close()


def test_a_session_is_longer_than_three_heartbeats() -> None:
    properties = consumer_properties()
    assert int(properties["session.timeout.ms"]) > 3 * int(properties["heartbeat.interval.ms"])
