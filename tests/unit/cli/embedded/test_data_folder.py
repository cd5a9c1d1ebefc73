import os
from pathlib import Path

import pytest

from cli.embedded.data_folder import Holder, hold, holder
from cli.unavailable import BrokerUnavailable


def test_the_holder_of_a_folder_is_known_for_as_long_as_it_holds(tmp_path: Path) -> None:
    with hold(tmp_path / "data") as folder:
        assert holder(folder.path) is None
        folder.announce("127.0.0.1:1,127.0.0.1:2")
        assert holder(folder.path) == Holder(os.getpid(), "127.0.0.1:1,127.0.0.1:2")
    assert holder(folder.path) is None


def test_the_address_of_an_earlier_holder_is_not_believed(tmp_path: Path) -> None:
    with hold(tmp_path) as folder:
        folder.announce("127.0.0.1:1")
    with hold(tmp_path):
        assert holder(tmp_path) is None


def test_a_held_folder_is_refused_with_its_holder(tmp_path: Path) -> None:
    refusal = f"127.0.0.1:1, held by process {os.getpid()}"
    with hold(tmp_path) as folder:
        folder.announce("127.0.0.1:1")
        with pytest.raises(BrokerUnavailable, match=refusal), hold(tmp_path):
            pass


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(BrokerUnavailable, match="has other files"), hold(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_place_where_no_folder_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = tmp_path / "file" / "data"
    with pytest.raises(BrokerUnavailable, match="file/data cannot hold"), hold(nowhere):
        pass


def test_emptying_removes_what_a_broker_has_put_there(tmp_path: Path) -> None:
    with hold(tmp_path) as folder:
        folder.node(1).mkdir()
        (folder.node(1) / "data").touch()
        (tmp_path / "cluster.json").touch()
        (tmp_path / "notes").touch()
        folder.empty()
    assert {path.name for path in tmp_path.iterdir()} == {"broker.json", "notes"}
