"""Asks a broker whether it is there."""

from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stream.clients import build

# librdkafka would write each refused connection to stderr, and wait up to 10 s after some
QUIET: Final = {"log_level": "0", "reconnect.backoff.ms": "50", "reconnect.backoff.max.ms": "200"}


def client(properties: Mapping[str, str]) -> AdminClient:
    """A client that keeps quiet about a broker that isn't there. Raises `BadSetting`."""
    return build(AdminClient, {**properties, **QUIET})


def brokers(client: AdminClient, *, within_s: float) -> int:
    """How many brokers the cluster has now; 0 when none answers in that time."""
    try:
        return len(client.list_topics(timeout=within_s).brokers)
    except KafkaException:
        return 0
