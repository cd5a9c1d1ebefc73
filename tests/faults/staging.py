"""A stage, from its topics and its two workers under load to the end of all that it started."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import TopicPartition

from stream import topics
from tests.faults.brokers import Brokers
from tests.faults.source import Source
from tests.faults.stage import (
    AT_REST_WITHIN_S,
    FIRST,
    PARTITIONS,
    RATE,
    SECOND,
    WORKERS,
    Stage,
)
from tests.faults.watch import Watch
from tests.integration.workers import Scene, scene, until
from titanic_model.releases import Releases
from titanic_model.settings import Settings


@contextmanager
def stage(
    made: Brokers,
    folder: Path,
    seed: int,
    *,
    rate: int = RATE,
    output_partitions: int = PARTITIONS,
    settings: Mapping[str, str] = {},
) -> Iterator[Stage]:
    """Two workers under load on topics of their own, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    releases = Releases(str(folder / "releases"))
    for manifest, files in (SECOND, FIRST):
        releases.publish(manifest, files)
    releases.promote(FIRST[0].id)
    servers = made.cluster.bootstrap_servers
    with scene(servers, folder, releases.location) as own:
        _create_topics(made, own, output_partitions)
        chance = random.Random(seed)  # noqa: S311 - for the same faults each time
        outputs = (own.predictions, own.dead_letters)
        places = [TopicPartition(t, p) for t in outputs for p in range(output_partitions)]
        watch = Watch(servers, places, own.dead_letters)
        source = Source(servers, own.passengers, rate, random.Random(chance.random()))  # noqa: S311
        one = Stage(made, own, source, watch, places, chance, settings=settings)
        try:
            watch.start()
            for _ in range(WORKERS):
                one.start()
            for worker, _ in one.workers:
                worker.reads_some()
            source.start()
            until(lambda: len(source.mark()) == PARTITIONS, "events everywhere", 30)
            yield one
        finally:  # a stage that failed must not load the next ones
            source.end()
            watch.end()


def _create_topics(made: Brokers, own: Scene, output_partitions: int) -> None:
    """As a worker makes them, or with the outputs otherwise; what reads them finds them there."""
    if output_partitions == PARTITIONS:
        topics.ensure(
            made.admin,
            Settings(
                passengers_topic=own.passengers,
                predictions_topic=own.predictions,
                dead_letters_topic=own.dead_letters,
                outcomes_topic=f"outcomes-{own.name}",
            ),
        )
    else:
        own.create_topics(outputs=output_partitions)
    until(made.in_sync, "the topics", AT_REST_WITHIN_S)
