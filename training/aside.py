"""Rows that were set aside, as a file: what they said, where they stood and what is wrong."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from training.dataset import BadData


def check_new(path: Path) -> None:
    """Raise `BadData` when there is such a file, or when none can be written there.

    Asked before the long work, so that it isn't done in vain.
    """
    try:
        if path.exists() or path.is_symlink():
            raise _there_already(path)
        handle, name = _beside(path)
    except OSError as error:
        raise _not_written(path, error) from None
    os.close(handle)
    Path(name).unlink()


@contextmanager
def set_aside(aside: pd.DataFrame, path: Path) -> Iterator[None]:
    """Write the rows as CSV, all or nothing, to a file that is new; none when there are no rows.

    When what is done within the context fails, the file goes again. Raises as `check_new` does.
    """
    if aside.empty:
        yield
        return
    try:
        _write(aside, path)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        raise _not_written(path, error) from None
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(aside: pd.DataFrame, path: Path) -> None:
    handle, name = _beside(path)
    written = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            aside.to_csv(file, index=False)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(written)  # unlike a rename, it never replaces a file
    finally:
        written.unlink()


def _beside(path: Path) -> tuple[int, str]:
    return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")


def _there_already(path: Path) -> BadData:
    return BadData(f"{path} is there already; name another file for the rows set aside, or move it")


def _not_written(path: Path, error: OSError) -> BadData:
    return BadData(f"{path}: the rows set aside cannot be written: {error.strerror}")
