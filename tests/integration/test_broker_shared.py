"""The broker that tests share is there, and is theirs by topic names."""

from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

pytestmark = pytest.mark.broker


def test_a_topic_of_ones_own_can_be_made(kafka: str, own_name: Callable[[str], str]) -> None:
    admin = AdminClient({"bootstrap.servers": kafka})
    topic = own_name("passengers")
    admin.create_topics([NewTopic(topic)])[topic].result(10)
    made = admin.list_topics(topic, timeout=10).topics[topic]
    assert len(made.partitions) == 4
