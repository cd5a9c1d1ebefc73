import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded.data_folder import DataFolder, hold
from cli.embedded.storage import check, settings
from cli.unavailable import BrokerUnavailable


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    with hold(tmp_path) as held:
        yield held


def made(folder: DataFolder, brokers: int) -> None:
    for number in range(1, brokers + 1):
        (folder.node(number) / "data").mkdir(parents=True)
        (folder.node(number) / "data" / "meta.properties").touch()
    (folder.path / "cluster.json").write_text(json.dumps({"brokers": brokers}))


@pytest.mark.parametrize(
    ("brokers", "replication", "in_sync"),
    [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")],
)
def test_replication_fits_the_number_of_brokers(
    brokers: int, replication: str, in_sync: str
) -> None:
    of = settings(brokers)
    assert of["default.replication.factor"] == replication
    assert of["offsets.topic.replication.factor"] == replication
    assert of["transaction.state.log.replication.factor"] == replication
    assert of["min.insync.replicas"] == of["transaction.state.log.min.isr"] == in_sync


def test_a_complete_folder_is_continued(folder: DataFolder) -> None:
    made(folder, 3)
    assert check(folder, 3)


def test_a_first_start_that_did_not_get_to_its_end_counts_for_nothing(folder: DataFolder) -> None:
    made(folder, 1)
    (folder.path / "cluster.json").unlink()
    assert not check(folder, 1)


def test_data_of_another_number_of_brokers_is_refused(folder: DataFolder) -> None:
    made(folder, 1)
    with pytest.raises(BrokerUnavailable, match="holds the data of --brokers 1, not 3; --fresh"):
        check(folder, 3)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"brokers": "one"}'])
def test_an_unreadable_folder_is_refused(folder: DataFolder, content: str) -> None:
    (folder.path / "cluster.json").write_text(content)
    with pytest.raises(BrokerUnavailable, match="--fresh"):
        check(folder, 1)


def test_a_folder_that_lacks_a_node_is_refused(folder: DataFolder) -> None:
    made(folder, 3)
    (folder.node(2) / "data" / "meta.properties").unlink()
    with pytest.raises(BrokerUnavailable, match="is damaged; --fresh"):
        check(folder, 3)
