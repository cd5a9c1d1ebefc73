"""`titanic topics`: create the topics that are absent, and show them all."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.table import Table

from cli import kafka
from cli.unavailable import BrokerUnavailable
from stream.clients import build
from stream.topics import REQUEST_TIMEOUT_S, ensure
from titanic_model.settings import BadSetting, kafka_settings, settings


def topics(*, bootstrap_servers: kafka.BootstrapServers = None) -> None:
    """Create the topics that are absent, and show them all.

    TITANIC_PARTITIONS and TITANIC_REPLICATION say how; what exists is not changed.
    """
    try:
        servers = kafka.address(bootstrap_servers)
        admin = build(AdminClient, {**kafka_settings(), "bootstrap.servers": servers})
        created = ensure(admin, settings())
        existing = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics
    except KafkaException as error:
        kafka.fail("topics", f"Kafka at {servers}: {error.args[0].str()}")
    except (BrokerUnavailable, BadSetting) as reason:
        kafka.fail("topics", reason)
    table = Table("topic", "partitions", "replicas", "")
    for name in settings().topics:
        found = existing.get(name)
        partitions = found.partitions.values() if found else []
        replicas = min((len(partition.replicas) for partition in partitions), default=0)
        state = "created" if name in created else "was there"
        table.add_row(name, str(len(partitions)), str(replicas), state)
    Console().print(table)
