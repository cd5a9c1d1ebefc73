import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from stream.slots import Slot

HOLD = """
import sys
from stream.slots import Slot
slot = Slot("group")
print(slot.transactional_id, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def holder() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def taken(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_two_processes_take_different_slots_and_a_killed_ones_is_taken_again() -> None:
    with holder() as first, holder() as second:
        ids = {taken(first), taken(second)}
        assert {slot[-2:] for slot in ids} == {"-0", "-1"}
        first.kill()
        first.wait()
        with holder() as third:
            assert taken(third) in ids
            third.kill()
        second.kill()


def test_a_slot_is_free_again_when_it_is_closed() -> None:
    with closing(Slot("group")) as slot:
        first = slot.transactional_id
    with closing(Slot("group")) as slot:
        assert slot.transactional_id == first


def test_groups_do_not_share_slots() -> None:
    with closing(Slot("one")) as one, closing(Slot("other")) as other:
        assert (one.number, other.number) == (0, 0)
        assert one.transactional_id != other.transactional_id


def test_a_group_of_any_name_has_slots() -> None:
    with closing(Slot("../a group/ñ")) as slot:
        assert slot.number == 0


def test_users_of_a_host_do_not_fence_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Slot("group")) as slot:
        mine = slot.transactional_id
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with closing(Slot("group")) as slot:
        assert slot.transactional_id != mine


def test_where_the_state_folder_takes_no_lock_a_temporary_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    # Not by its mode: root, as in a container, may write everywhere.
    (tmp_path / "titanic" / "workers" / "group" / "worker-0.lock").mkdir(parents=True)
    with closing(Slot("group")) as first, closing(Slot("group")) as second:
        assert (first.number, second.number) == (0, 1)
    assert any((tmp_path / "temporary").rglob("worker-1.lock"))


def test_where_the_state_folder_cannot_be_made_a_temporary_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "titanic").write_text("a file")
    with closing(Slot("group")) as slot:
        assert slot.number == 0
