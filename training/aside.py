"""Rows that were set aside, as a file: what they said, where they stood and what is wrong."""

import os
import tempfile
from pathlib import Path

import pandas as pd

from training.dataset import BadData


def write_aside(aside: pd.DataFrame, path: Path) -> None:
    """Write the rows as CSV, all or nothing, to a file that is new.

    Raises `BadData` when there is such a file, or when it cannot be written.
    """
    try:
        _write(aside, path)
    except FileExistsError:
        raise BadData(
            f"{path} is there already; name another file for the rows set aside, or move it"
        ) from None
    except OSError as error:
        raise BadData(f"{path}: the rows set aside cannot be written: {error.strerror}") from None


def _write(aside: pd.DataFrame, path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            aside.to_csv(file, index=False)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(written)  # unlike a rename, it never replaces a file
    finally:
        written.unlink()
