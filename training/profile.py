"""The profile report: what is in a data set, column by column, good or bad, as one HTML page."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Final

import numpy as np
import pandas as pd

from titanic_model.passenger import quote
from training.dataset import MISSING, BadData

# More rows take longer and make the same pictures.
MAX_ROWS: Final = 100_000
# What goes together is drawn for each pair of columns.
MOST_COLUMNS_IN_FULL: Final = 25
NUMBERS: Final = ("pclass", "age", "survived")
MAX_NAMED_CELLS: Final = 3
# The report puts a constant column's value and the title into the page as they are.
_AS_TEXT: Final = str.maketrans({"<": "\u2039", ">": "\u203a", '"': "\u2033"})
_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
)
_NO_TELEMETRY: Final = "YDATA_PROFILING_NO_ANALYTICS"


def profile(rows: pd.DataFrame, title: str) -> str:
    """The report: min, max, median, histogram per column, what is missing, correlations.

    `rows` may be checked, or text as `training.dataset.load` reads it: what should be a number
    and is none counts as missing, and the report's description names it. Of more than `MAX_ROWS`
    rows a sample is described, and the title says so. The page asks for nothing from elsewhere.
    Raises `BadData` when there are no rows.
    """
    if rows.empty:
        raise BadData(f"{title}: no rows, so nothing to profile")
    numbered, notes = _numbered(rows)
    sampled = numbered
    if len(rows) > MAX_ROWS:
        sampled = numbered.sample(MAX_ROWS, random_state=0).sort_index()
        title = f"{title}: a sample of {MAX_ROWS:,} of {len(rows):,} rows"
    with _quietly():
        from data_profiling import ProfileReport  # noqa: PLC0415 - seconds, and seldom needed

        report = ProfileReport(
            sampled.reset_index(drop=True),
            title=title.translate(_AS_TEXT),
            dataset={"description": "; ".join(notes).translate(_AS_TEXT)},
            progress_bar=False,
            minimal=len(sampled.columns) > MOST_COLUMNS_IN_FULL,
            pool_size=1,
        )
        page: str = report.to_html()
    return page.replace("<title>", f"{_POLICY}<title>", 1)


def _numbered(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Numbers as numbers, missing words as missing, and a note of each column's other texts."""
    columns, notes = {}, []
    for name, column in rows.items():
        if pd.api.types.is_numeric_dtype(column):
            columns[name] = column
            continue
        text = column.where(~column.astype(str).str.strip().str.lower().isin(MISSING))
        if name not in NUMBERS and not _is_numbers(text):
            columns[name] = text.map(lambda cell: cell.translate(_AS_TEXT), na_action="ignore")
            continue
        numbers = pd.to_numeric(text, errors="coerce").replace([np.inf, -np.inf], np.nan)
        others = text[text.notna() & numbers.isna()]
        if len(others):
            named = ", ".join(f"{quote(cell)} in row {row}" for row, cell in _first(others))
            notes.append(
                f"{name}: {len(others):,} cells are no number and count as missing: {named}"
            )
        columns[name] = numbers
    return pd.DataFrame(columns, index=rows.index), notes


def _is_numbers(text: pd.Series) -> bool:
    there = text.dropna()
    return bool(len(there)) and bool(pd.to_numeric(there, errors="coerce").notna().all())


def _first(cells: pd.Series) -> Iterator[tuple[object, str]]:
    return zip(cells.index[:MAX_NAMED_CELLS], cells[:MAX_NAMED_CELLS], strict=True)


@contextmanager
def _quietly() -> Iterator[None]:
    """No telemetry (an HTTP request for each report, without a time-out), no bars, no warnings."""
    before = os.environ.get(_NO_TELEMETRY)
    os.environ[_NO_TELEMETRY] = "1"
    try:
        with redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The set_bad function", PendingDeprecationWarning)
            # said where a column has nothing to correlate; the report then leaves it out
            warnings.filterwarnings("ignore", "There was an attempt to calculate", UserWarning)
            yield
    finally:
        if before is None:
            del os.environ[_NO_TELEMETRY]
        else:
            os.environ[_NO_TELEMETRY] = before
