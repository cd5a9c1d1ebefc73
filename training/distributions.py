"""Questions about data that keep all rules: are these passengers like those before?

Data are compared with the reference of the release in service, and with plain expectations.
"""

from collections.abc import Iterable
from functools import cache

import pandas as pd

from training.causes import by_cause
from training.checks import check
from training.comparisons import compared
from training.dataset import load
from training.finding import Finding
from training.oddities import unexpected
from training.reference import Reference, describe


def questions(rows: pd.DataFrame, reference: Reference | None) -> list[Finding]:
    """What is odd about checked rows, the same in any order; nothing when all is as expected.

    Each check tells at most once of a column, of what is oddest. What anyone would expect is asked
    with a reference, too, so that many small steps are noticed; but not what the reference itself
    breaks, for that was accepted. What explains most comes first, and after each what follows
    from it (`training.causes`).
    """
    found = describe(rows)
    if reference is not None:
        return by_cause(_beside(found, reference), found, reference, _beside)
    findings = _oddest(unexpected(found))
    return by_cause(findings, found, _passengers(), _unlike) if findings else []


def _beside(found: Reference, before: Reference) -> list[Finding]:
    changed = _oddest(compared(found, before))
    asked = {odd.check for odd in changed}
    return changed + [odd for odd in _unlike(found, before) if odd.check not in asked]


def _unlike(found: Reference, before: Reference) -> list[Finding]:
    accepted = {odd.key for odd in unexpected(before)}
    return [odd for odd in _oddest(unexpected(found)) if odd.key not in accepted]


@cache
def _passengers() -> Reference:
    """The Titanic's: not to compare with, but to tell what follows from what."""
    return describe(check(load()).rows)


def _oddest(findings: Iterable[Finding]) -> list[Finding]:
    oddest: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        if finding.key not in oddest or finding.effect > oddest[finding.key].effect:
            oddest[finding.key] = finding
    return list(oddest.values())
