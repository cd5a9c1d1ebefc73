"""Kafka clients: the properties that the promises need, and those that the measurements chose."""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaException

from titanic_model.settings import BadSetting, kafka_settings

log = logging.getLogger("stream.clients")
librdkafka_log = logging.getLogger("stream.librdkafka")

DEFAULT_GROUP: Final = "titanic-scorer"

MAX_POLL_INTERVAL_MS: Final = 60_000

# What a setting may change.
DEFAULTS: Final[Mapping[str, str]] = {
    "client.id": "titanic-worker",
    # librdkafka's 10 s, half as much again by chance, leave a broker that is back alone, longer
    # than a transaction may last.
    "reconnect.backoff.max.ms": "1000",
}
CONSUMER_DEFAULTS: Final[Mapping[str, str]] = {
    **DEFAULTS,
    "group.id": DEFAULT_GROUP,
    "auto.offset.reset": "earliest",
    "check.crcs": "true",
    # A dead worker's partitions move on after this; longer than a transaction may last.
    "session.timeout.ms": "15000",
    # A batch takes a tenth of a second. So long, by default five minutes, a group that shares anew
    # waits for a member that is gone but was not noticed, as when the coordinator went with it
    # (docs/operations.md).
    "max.poll.interval.ms": str(MAX_POLL_INTERVAL_MS),
    # By default a topic may be gone for 30 s unnoticed; one that is made anew meanwhile would be
    # read on from where the old one was.
    "topic.metadata.propagation.max.ms": "1000",
    # What moves in the group is told with the answer to a heartbeat: with librdkafka's 3,000 a
    # partition on its way waits as long (docs/rolling.md).
    "heartbeat.interval.ms": "500",
    # When some partitions have moved the next answer to a fetch is for those alone; the others wait
    # for it, by default 500 ms.
    "fetch.wait.max.ms": "100",
    # While some partitions move the others are read on.
    "partition.assignment.strategy": "cooperative-sticky",
    # By default a full local queue makes librdkafka wait a second: 3.5 times slower (DESIGN).
    "fetch.queue.backoff.ms": "10",
    # Of values fetched ahead, in KiB; keys and headers are not counted, see `queued.min.messages`.
    "queued.max.messages.kbytes": "16384",
    # What a fetch brings is unpacked at once: by default 50 MB, which may be of spaces that take
    # 7,000 times as much. A batch of a producer's comes whole, in any case.
    "fetch.max.bytes": "65536",
    # The largest response, and the largest batch unpacked of zstd: half of it at the least, as the
    # buffer is doubled. By default 100 MB, less than a broker takes. A larger one holds up its
    # partition.
    "receive.message.max.bytes": "268435456",
}
# librdkafka's own; a topic takes 1,048,588 bytes by default.
BATCH_BYTES: Final = 1_000_000
PRODUCER_DEFAULTS: Final[Mapping[str, str]] = {
    **DEFAULTS,
    # As Java partitions, so that a key's predictions are where other clients look for them.
    "partitioner": "murmur2_random",
    "transaction.timeout.ms": "10000",
    # A commit flushes what is queued, so waiting longer only fills the requests.
    "linger.ms": "100",
    "batch.size": str(BATCH_BYTES),
    "queue.buffering.max.messages": "1000000",
    # In KiB, 1 GiB by default. The batch waits where its outcome is larger; a record must fit.
    "queue.buffering.max.kbytes": "131072",
    # A dead letter may be larger than what its event's topic takes; the topic has the last word.
    "message.max.bytes": "1000000000",
    "compression.type": "lz4",
    # A transaction begun right after a commit is refused until the markers are written;
    # librdkafka asks again after this long.
    "retry.backoff.ms": "5",
}
# What no setting may change: without these the promise of exactly once does not hold.
CONSUMER_PROMISES: Final[Mapping[str, str]] = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "isolation.level": "read_committed",
    # Of a producer's; a consumer takes it for the least `fetch.max.bytes`. This is its own least.
    "message.max.bytes": "1000",
}
PRODUCER_PROMISES: Final[Mapping[str, str]] = {"enable.idempotence": "true"}

# With `group.protocol=consumer` (KIP-848) the broker decides, and librdkafka refuses these.
LEFT_TO_THE_BROKER: Final = {
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "partition.assignment.strategy",
}

_UNKNOWN: Final = re.compile(r'No such configuration property: "(.+?)"')
_Client = TypeVar("_Client")


def by_the_broker(properties: Mapping[str, str]) -> bool:
    """Whether it is the broker that shares the partitions out: the group protocol of KIP-848."""
    return properties.get("group.protocol", "").lower() == "consumer"


def consumer_properties(name: str | None = None) -> dict[str, str]:
    """The worker's consumer: defaults, then `KAFKA_*`, then the promises.

    By a `name` of its own it is a static member. Not with KIP-848: there, the name of a worker that
    was killed is taken until its session is over, and librdkafka gives up on it.
    """
    given = kafka_settings()
    defaults = dict(CONSUMER_DEFAULTS)
    if by_the_broker(given):
        for left in LEFT_TO_THE_BROKER:
            del defaults[left]
    elif name:
        defaults["group.instance.id"] = name
    session_ms = given.get("session.timeout.ms", "")
    if session_ms.isdecimal() and int(session_ms) > MAX_POLL_INTERVAL_MS:
        defaults["max.poll.interval.ms"] = session_ms  # librdkafka takes none that is shorter
    return {**defaults, **given, **CONSUMER_PROMISES}


def producer_properties(limit_bytes: int = BATCH_BYTES) -> dict[str, str]:
    """The worker's producer: defaults, then `KAFKA_*`, then the promises.

    What a topic takes, `limit_bytes`, it takes of a whole batch of the client's; the broker refuses
    a larger one, and librdkafka does not cut it in two.
    """
    properties = {**PRODUCER_DEFAULTS, **kafka_settings(), **PRODUCER_PROMISES}
    if properties["batch.size"].isdecimal() and int(properties["batch.size"]) > limit_bytes:
        properties["batch.size"] = str(limit_bytes)
    return properties


def largest_record_bytes() -> int:
    """What fits into the producer's queue; a larger record would wait for its turn for good.

    Raises `BadSetting`.
    """
    kib = producer_properties()["queue.buffering.max.kbytes"]
    if not kib.isdecimal():
        raise BadSetting(f"KAFKA_QUEUE_BUFFERING_MAX_KBYTES={kib}: it should be a whole number")
    return int(kib) * 1024


def check_timeouts() -> None:
    """Raises `BadSetting` where a dead worker's transaction may outlast its membership.

    Its partitions would then move on while its answers may still be committed or hold up readers.
    What is no number is left for librdkafka to refuse.
    """
    session_ms = consumer_properties().get("session.timeout.ms", "")
    transaction_ms = producer_properties()["transaction.timeout.ms"]
    if not (session_ms.isdecimal() and transaction_ms.isdecimal()):
        return
    if int(transaction_ms) >= int(session_ms):
        raise BadSetting(
            f"KAFKA_TRANSACTION_TIMEOUT_MS={transaction_ms} must be less than "
            f"KAFKA_SESSION_TIMEOUT_MS={session_ms} for PROCESSING_GUARANTEE=exactly_once"
        )


def build(
    client: Callable[[dict[str, Any]], _Client],
    properties: Mapping[str, str],
    on_error: Callable[..., None] | None = None,
) -> _Client:
    """A client of these properties, with the ones that librdkafka does not know left out.

    Not every `KAFKA_*` is meant for us: a Kubernetes service called `kafka` brings
    `KAFKA_PORT=tcp://…` to every pod, the broker's own tools read `KAFKA_OPTS`. Raises
    `BadSetting` for a value that librdkafka refuses.
    """
    wanted: dict[str, Any] = {**properties, "logger": librdkafka_log}
    # Its lines are for its developers; what matters of them is said by the calls that fail.
    # So are those of a producer that is of no use any more, which it calls critical.
    librdkafka_log.setLevel(logging.DEBUG if "debug" in properties else logging.CRITICAL + 1)
    if on_error:
        wanted["error_cb"] = on_error
    while True:
        try:
            return client(wanted)
        except (AttributeError, TypeError, ValueError) as refusal:  # by the Python client itself
            raise BadSetting(f"Kafka settings: {refusal}") from None
        except KafkaException as refusal:
            message = refusal.args[0].str()
            unknown = _UNKNOWN.search(message)
            if unknown is None or unknown[1] not in wanted:
                raise BadSetting(f"Kafka settings: {message}") from None
            variable = "KAFKA_" + unknown[1].upper().replace(".", "_")
            log.warning("%s is left out: librdkafka has no property %s", variable, unknown[1])
            del wanted[unknown[1]]
