"""More workers than partitions: who has none is ready all the same, by either group protocol."""

from collections import Counter
from pathlib import Path

import pytest

from tests import synthetic
from tests.integration.workers import passenger, scene
from titanic_model.releases import Releases

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_spare_worker_is_ready(kafka: str, tmp_path: Path, protocol: str) -> None:
    store = str(tmp_path / "releases")
    synthetic.publish(Releases(store))
    with scene(kafka, tmp_path, store) as made:
        settings = {"TITANIC_PARTITIONS": "1", "KAFKA_GROUP_PROTOCOL": protocol}
        workers = [made.worker(**settings).ready()]
        workers.append(made.worker(**settings).ready())
        for worker in workers:
            worker.becomes(200)
        assert sum(worker.metric("titanic_assigned_partitions") for worker in workers) == 1
        ids = made.produce(passenger(number) for number in range(10))
        assert made.answers(10).events == Counter(ids)
        for worker in workers:
            assert worker.stop() == 0
