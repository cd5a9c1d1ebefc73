"""Questions about data that keep all rules: are these passengers like those before?

Data are compared with the reference of the release in service, and with plain expectations.
"""

from collections.abc import Iterable

import pandas as pd

from training.comparisons import compared
from training.finding import Finding
from training.oddities import unexpected
from training.reference import Reference, describe


def questions(rows: pd.DataFrame, reference: Reference | None) -> list[Finding]:
    """What is odd about checked rows, the same in any order; nothing when all is as expected.

    Each check tells at most once, of what is oddest. What anyone would expect is asked with a
    reference, too, so that many small steps are noticed; but not what the reference itself breaks,
    for that was accepted.
    """
    found = describe(rows)
    if reference is None:
        return _oddest(unexpected(found))
    changed = _oddest(compared(found, reference))
    asked = {odd.check for odd in (*changed, *unexpected(reference))}
    return changed + _oddest(odd for odd in unexpected(found) if odd.check not in asked)


def _oddest(findings: Iterable[Finding]) -> list[Finding]:
    oddest: dict[str, Finding] = {}
    for finding in findings:
        if finding.check not in oddest or finding.effect > oddest[finding.check].effect:
            oddest[finding.check] = finding
    return list(oddest.values())
