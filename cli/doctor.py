"""`titanic doctor`: what is right, what is not, and how to mend it."""

import time
import uuid
from collections.abc import Iterator
from typing import Final, NamedTuple

import typer
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from rich.console import Console
from rich.table import Table

from cli import kafka
from cli.embedded import jars
from cli.plain import plain
from cli.unavailable import BrokerUnavailable
from stream.clients import build, consumer_properties
from stream.topics import limits_of
from titanic_model.releases import NoRelease, ReleaseRefused, Releases, StoreUnavailable
from titanic_model.settings import BadSetting, kafka_settings, settings

REQUEST_TIMEOUT_S: Final = 10.0
# What a dead letter's own headers take, with a long message.
REASON_BYTES: Final = 4_096
# Clocks further apart than this make latencies and retention times misleading.
MAX_CLOCK_DIFFERENCE_S: Final = 1.0
NOT_ALLOWED: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.POLICY_VIOLATION,
}


class Finding(NamedTuple):
    """One thing that was looked at; `mend` is None when it is right."""

    what: str
    found: str
    mend: str | None = None


def doctor(*, bootstrap_servers: kafka.BootstrapServers = None) -> None:
    """Look at the settings, the model, Kafka, its topics, the group and the clocks.

    Says of each whether it is right and how to mend what is not; exit code 1 when anything is not.
    For the clocks, a topic titanic-doctor-… is made and removed.
    """
    table = Table("", "what", "found", "to mend it", expand=False)
    well = True
    with Console(stderr=True).status("looking"):
        for finding in _examine(bootstrap_servers):
            well &= finding.mend is None
            mark = "[red]✗[/]" if finding.mend else "[green]✓[/]"
            table.add_row(mark, *map(plain, (finding.what, finding.found, finding.mend or "")))
    Console().print(table)
    if not well:
        raise typer.Exit(1)


def _examine(given: str | None) -> Iterator[Finding]:
    try:
        releases = settings().releases
    except BadSetting as error:
        yield Finding("settings", str(error), "set what it names to what it allows, or unset it")
        return
    yield Finding("settings", f"batches of {settings().batch_size:,}, {_guarantee()}")
    yield _model(releases)
    try:
        servers = kafka.address(given)
        properties = {**kafka_settings(), "bootstrap.servers": servers}
        admin = build(AdminClient, properties, lambda _: None)
        brokers = admin.list_topics(timeout=REQUEST_TIMEOUT_S).brokers
    except (BrokerUnavailable, BadSetting) as error:
        yield Finding("Kafka", str(error), "see there")
        return
    except KafkaException as error:
        start = "start it with 'titanic up', or " if jars.installed() else ""
        yield Finding(
            "Kafka",
            f"{servers}: {error.args[0].str()}",
            f"{start}put its address into KAFKA_BOOTSTRAP_SERVERS",
        )
        return
    yield Finding("Kafka", f"{servers} answers, {len(brokers)} broker(s)")
    yield from _topics(admin)
    checks = {"group": _group, "clocks": _clocks}
    for what, check in checks.items():
        try:
            yield check(admin, servers)
        except KafkaException as error:
            yield Finding(what, error.args[0].str(), "see Kafka's log, and this user's rights")
        except (BrokerUnavailable, BadSetting) as error:
            yield Finding(what, str(error), "see there")


def _guarantee() -> str:
    return settings().processing_guarantee.replace("_", " ")


def _model(location: str) -> Finding:
    releases = Releases(location)
    try:
        manifest, _ = releases.load_champion()
    except NoRelease as error:
        remedy = "titanic train" if releases.store.is_shared else "see TITANIC_RELEASES"
        return Finding("model", str(error), remedy)
    except ReleaseRefused as error:
        return Finding("model", str(error), "titanic releases rollback, or titanic train")
    except StoreUnavailable as error:
        return Finding("model", str(error), "see TITANIC_RELEASES, and who runs the store")
    return Finding("model", f"release {manifest.id} of {manifest.created_at:%Y-%m-%d %H:%M}, whole")


def _topics(admin: AdminClient) -> Iterator[Finding]:
    existing = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    for name in settings().topics:
        if name not in existing:
            yield Finding(f"topic {name}", "absent", "titanic topics, or start a worker")
            continue
        partitions = existing[name].partitions.values()
        leaderless = [partition.id for partition in partitions if partition.leader < 0]
        found = f"{len(partitions)} partitions"
        if leaderless:
            yield Finding(
                f"topic {name}",
                f"{found}, without a leader: {leaderless}",
                "bring back the brokers that held them",
            )
        else:
            yield Finding(f"topic {name}", found)
    if {settings().passengers_topic, settings().dead_letters_topic} <= existing.keys():
        yield _room(admin)


def _room(admin: AdminClient) -> Finding:
    """Whether a dead letter, an event and the reason, has room wherever the event had."""
    events, letters = settings().passengers_topic, settings().dead_letters_topic
    event_bytes, letter_bytes = limits_of(admin, events, letters)
    found = f"{letters} takes {letter_bytes:,} bytes, {events} {event_bytes:,}"
    if letter_bytes >= event_bytes + REASON_BYTES:
        return Finding("room", found)
    return Finding(
        "room",
        f"{found}: a large bad event is left out of its dead letter",
        f"raise max.message.bytes of {letters}",
    )


def _group(admin: AdminClient, servers: str) -> Finding:
    group = consumer_properties()["group.id"]
    told = admin.describe_consumer_groups([group], request_timeout=REQUEST_TIMEOUT_S)[
        group
    ].result()
    lag = _lag(admin, servers, group)
    found = f"{group}: {len(told.members)} worker(s), {lag:,} events waiting"
    up = "titanic up, or " if jars.installed() else ""
    mend = None if told.members else f"{up}faust -A stream.app worker -l info"
    return Finding("group", found, mend)


def _lag(admin: AdminClient, servers: str, group: str) -> int:
    """Events that no worker has answered yet."""
    topic = settings().passengers_topic
    asked = [ConsumerGroupTopicPartitions(group)]
    try:
        committed = admin.list_consumer_group_offsets(asked)[group].result().topic_partitions
    except KafkaException:
        committed = []
    done = {tp.partition: max(tp.offset, 0) for tp in committed if tp.topic == topic}
    with kafka.consumer(servers, f"titanic-doctor-{uuid.uuid4()}") as reader:
        partitions = reader.list_topics(topic, timeout=REQUEST_TIMEOUT_S).topics[topic].partitions
        waiting = 0
        for partition in partitions:
            low, high = reader.get_watermark_offsets(
                TopicPartition(topic, partition), REQUEST_TIMEOUT_S
            )
            waiting += high - max(low, done.get(partition, 0))
    return waiting


def _clocks(admin: AdminClient, servers: str) -> Finding:
    """Compare with the time that the broker stamps on a record of a topic made for this."""
    topic = f"titanic-doctor-{uuid.uuid4()}"
    stamp = {"message.timestamp.type": "LogAppendTime"}
    try:
        admin.create_topics([NewTopic(topic, 1, -1, config=stamp)])[topic].result()
    except KafkaException as error:
        if error.args[0].code() in NOT_ALLOWED:
            return Finding("clocks", "not looked at: this user may not create topics")
        raise
    try:
        apart_s = _apart_s(servers, topic)
    finally:
        admin.delete_topics([topic])[topic].result()
    if apart_s <= MAX_CLOCK_DIFFERENCE_S:
        return Finding("clocks", "this machine's and the broker's agree")
    mend = "synchronise this machine's clock or the broker's, by NTP"
    return Finding("clocks", f"this machine's and the broker's are {apart_s:.1f} s apart", mend)


def _apart_s(servers: str, topic: str) -> float:
    """How far a record's stamp is from when it was on its way.

    Raises `KafkaException` and `BrokerUnavailable`.
    """
    told: list[tuple[KafkaError | None, Message]] = []
    producer = kafka.producer(servers, **{"linger.ms": "0"})
    sent = time.time()
    producer.produce(topic, b"", on_delivery=lambda error, message: told.append((error, message)))
    producer.flush(REQUEST_TIMEOUT_S)
    received = time.time()
    if not told:
        raise BrokerUnavailable(f"a record for it was not taken within {REQUEST_TIMEOUT_S:.0f} s")
    error, message = told[0]
    if error:
        raise KafkaException(error)
    stamped = message.timestamp()[1] / 1000
    return max(sent - stamped, stamped - received, 0.0)
