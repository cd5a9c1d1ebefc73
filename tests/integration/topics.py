"""What tests do to topics, and ask of them, as an administrator would."""

from typing import Final

from confluent_kafka import IsolationLevel
from confluent_kafka.admin import (  # type: ignore[attr-defined] # left out of its __all__
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from cli.reading import whole
from cli.span import Span

CONFIGURED_WITHIN_S: Final = 30


def configure(admin: AdminClient, topic: str, name: str, value: int) -> None:
    """Have a topic be so from now on."""
    to = ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[to])
    admin.incremental_alter_configs([changed])[changed].result(CONFIGURED_WITHIN_S)


def written(admin: AdminClient, topic: str) -> list[Span]:
    """What there is of it, in open transactions, too."""
    return whole(admin, topic, IsolationLevel.READ_UNCOMMITTED)


def committed(admin: AdminClient, topic: str) -> list[Span]:
    """As far as a reader of `read_committed` may read."""
    return whole(admin, topic, IsolationLevel.READ_COMMITTED)


def nothing_open(admin: AdminClient, *topics: str) -> bool:
    """Whether readers of `read_committed` may read as far there as all others."""
    return all(committed(admin, topic) == written(admin, topic) for topic in topics)
