"""Which of several questions come from one fault: what is odd no more once it is allowed for.

The data before are changed as a finding says that they have changed, the rest left as it was: of
passengers among whom no women are, fewer survive. What is odd beside those as well has a cause of
its own; what is not follows from that finding.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from training.expectations import NO_AGE
from training.finding import Finding
from training.reference import AGE_BINS, Reference, of_counts

Floats = npt.NDArray[np.float64]
Change = Callable[[Floats, Floats], Floats]
Ask = Callable[[Reference, Reference], Iterable[Finding]]

SEX, PCLASS, OUTCOME, AGE = range(4)
# As odd as one of its parts.
NEARLY: Final = 0.8
# Of the ages, to say that they were rounded to tens or fives.
MOST: Final = 0.75
REPEATED: Final = "repeated rows"
_AXES: Final = {"sex": SEX, "class": PCLASS, "outcome": OUTCOME}


def by_cause(
    findings: Sequence[Finding], found: Reference, before: Reference, ask: Ask
) -> list[Finding]:
    """The same findings: each that explains others first, those that `follow` from it after it.

    `ask(data, before)` are the questions about data.
    """
    left = sorted(findings, key=lambda finding: -finding.size)
    explained = {main.key: _explained(main, left, found, before, ask) for main in left}
    known = any(each.check in ("leak", "one age", "rounded ages") for each in left)
    if not known and not any((REPEATED, "") in others for others in explained.values()):
        explained[REPEATED, ""] = {each.key for each in left if each.check != REPEATED}
    ordered: list[Finding] = []
    while left:
        keys = {each.key for each in left}
        # of those that explain as many, one that is not about a part alone; then the largest
        main = max(left, key=lambda each: (len(explained[each.key] & keys), _of_all(each)))
        main = next((each for each in left if _is_whole(each, main, explained)), main)
        follow = [each for each in left if each.key in explained[main.key]]
        ordered += [main, *(replace(each, follows=main.key) for each in follow)]
        left = [each for each in left if each is not main and each not in follow]
    return ordered


def _is_whole(
    finding: Finding, part: Finding, explained: Mapping[tuple[str, str], set[tuple[str, str]]]
) -> bool:
    """Whether a part ("age by sex") is odd as all are ("age"), or hardly more."""
    if finding.check != part.check.partition(" by ")[0] or finding.check == part.check:
        return False
    return part.key in explained[finding.key] or finding.size >= NEARLY * part.size


def _of_all(finding: Finding) -> bool:
    return " by " not in finding.check and finding.check not in ("old ages", "children")


def _of_ages(finding: Finding) -> bool:
    """Whether ages are others than before, and not only of other passengers."""
    return finding.about == "age" or finding.check.startswith(("age", "rounded", "one", "old"))


def _explained(
    main: Finding, others: Sequence[Finding], found: Reference, before: Reference, ask: Ask
) -> set[tuple[str, str]]:
    change = _change(main)
    if change is None:
        return set()
    now = found.counts / found.counts.sum()
    then = change(now, before.counts / before.counts.sum())
    if not then[..., :NO_AGE].sum() > 0:
        return set()
    counts = np.rint(then / then.sum() * before.rows).astype(np.int64)
    changed = of_counts(counts, fractions_of=found if _of_ages(main) else before)
    odd = {finding.key for finding in ask(found, changed)} | {main.key}
    if main.check.startswith("age by"):
        odd |= {(REPEATED, ""), ("repeated row", "")}  # any few rows have ages of their own
    return {each.key for each in others if each.key not in odd}


def _change(finding: Finding) -> Change | None:
    """How the data before become as the finding says they are; None where that is not known."""
    check, _, by = finding.check.partition(" by ")
    given = (_AXES[by],) if by else ()
    joint = (*given, _AXES[check]) if check in _AXES else (*given, OUTCOME)
    changes: dict[str, Change] = {
        "sex": lambda now, then: _reweighted(now, then, joint, ()),
        "class": lambda now, then: _reweighted(now, then, joint, ()),
        "survival": lambda now, then: _reweighted(now, then, joint, given),
        "missing ages": lambda now, then: _missing(now, then, given),
        **dict.fromkeys(("age", "old ages", "children"), lambda now, then: _aged(now, then, given)),
        "rounded ages": _rounded,
        "one age": _filled,
        "repeated row": _repeated,
        "constant column": _of_column(finding.about, leak=False),
        "leak": _of_column(finding.about, leak=True),
    }
    return changes.get(check)


def _of_column(column: str, *, leak: bool) -> Change:
    if column == "age":
        return lambda now, then: _aged(now, _missing(now, then, ()), ())
    if column not in _AXES:
        return lambda now, then: _missing(now, then, (OUTCOME,))
    axes = (_AXES[column], OUTCOME) if leak else (_AXES[column],)
    return lambda now, then: _reweighted(now, then, axes, ())


def _sums(shares: Floats, kept: tuple[int, ...]) -> Floats:
    rest = tuple(axis for axis in range(shares.ndim) if axis not in kept)
    return np.asarray(shares.sum(axis=rest, keepdims=True))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)


def _reweighted(now: Floats, then: Floats, kept: tuple[int, ...], given: tuple[int, ...]) -> Floats:
    """The shares of the `kept` categories as they are now, within those that are `given`."""
    if not given:
        return then * _ratio(_sums(now, kept), _sums(then, kept))
    there = _sums(now, given) > 0  # of a group that is gone nothing is known
    as_now = _ratio(_sums(now, kept), _sums(now, given))
    as_then = _ratio(_sums(then, kept), _sums(then, given))
    return then * np.where(there, _ratio(as_now, as_then), 1)


def _missing(now: Floats, then: Floats, given: tuple[int, ...]) -> Floats:
    """As many ages missing as now: lost by chance, or found and like those that were known."""
    share_now = np.where(
        _sums(now, given) > 0,
        _ratio(_sums(now[..., NO_AGE:], given), _sums(now, given)),
        _ratio(_sums(then[..., NO_AGE:], given), _sums(then, given)),
    )
    share_then = _ratio(_sums(then[..., NO_AGE:], given), _sums(then, given))
    kept = np.minimum(_ratio(1 - share_now, 1 - share_then), 1)
    rows, known, missing = then.sum(axis=AGE, keepdims=True), then[..., :NO_AGE], then[..., NO_AGE:]
    found = missing * np.minimum(_ratio(share_now, share_then), 1)
    without = np.where(share_now > share_then, rows - known.sum(AGE, keepdims=True) * kept, found)
    return np.concatenate(
        [known * _ratio(rows - without, known.sum(AGE, keepdims=True)), without], axis=AGE
    )


def _aged(now: Floats, then: Floats, given: tuple[int, ...]) -> Floats:
    """The known ages as they are now, the youngest still the youngest; of each group by itself."""
    changed = then.copy()
    groups = np.split(np.arange(then.shape[given[0]]), then.shape[given[0]]) if given else [None]
    for group in groups:
        part = [np.arange(size) for size in then.shape[:AGE]]
        if group is not None:
            part[given[0]] = group
        at = np.ix_(*part, np.arange(NO_AGE))
        plan = _transport(then[at].sum(axis=(0, 1, 2)), now[at].sum(axis=(0, 1, 2)))
        changed[at] = then[at] @ plan
    return changed


def _transport(there: Floats, here: Floats) -> Floats:
    """Which part of each year's ages goes to which year, so that the order stays: rows sum to 1."""
    if not there.sum() or not here.sum():
        return np.eye(len(there))
    high, low = there.cumsum() / there.sum(), here.cumsum() / here.sum()
    starts = np.maximum.outer(np.append(0, high[:-1]), np.append(0, low[:-1]))
    plan = np.maximum(np.minimum.outer(high, low) - starts, 0)
    return _ratio(plan, plan.sum(axis=1, keepdims=True))


def _rounded(now: Floats, then: Floats) -> Floats:
    ages = now[..., :NO_AGE].sum(axis=(0, 1, 2))
    step = next((of for of in (10, 5) if ages[::of].sum() > MOST * ages.sum()), 1)
    years = np.arange(AGE_BINS)
    rounded = (np.rint(years / step) * step).astype(np.int64)
    changed = np.zeros_like(then)
    changed[..., NO_AGE] = then[..., NO_AGE]
    for year, place in zip(years, rounded, strict=True):
        changed[..., place] += then[..., year]
    return changed


def _filled(now: Floats, then: Floats) -> Floats:
    """Ages that were missing are all the commonest age now."""
    changed = then.copy()
    year = int(now[..., :NO_AGE].sum(axis=(0, 1, 2)).argmax())
    missing = then[..., NO_AGE].sum()
    left = min(now[..., NO_AGE].sum() / missing, 1) if missing else 1
    changed[..., year] += then[..., NO_AGE] * (1 - left)
    changed[..., NO_AGE] *= left
    return changed


def _repeated(now: Floats, then: Floats) -> Floats:
    """The row that has become commoner by most, added as often as it is there now."""
    place = np.unravel_index(int(np.argmax(now - then)), now.shape)
    share, before = min(now[place], 0.999), then[place]
    changed = then.copy()
    changed[place] += max(share - before, 0) / (1 - share)
    return changed
