"""The model card: what the model is for, how good it is, for whom it is wrong, in plain words.

Its headings are those of Mitchell et al., Model Cards for Model Reporting (FAT* 2019).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from training import pictures
from training.checks import RULES
from training.evaluate import MODEL, Contender, Evaluation
from training.fit import Choice
from training.measures import HEADINGS, SURE, Estimate
from training.slices import Slice

# Of the manifest's facts: so many rows were set aside for that column's sake.
SET_ASIDE: Final = "set_aside"
SET_ASIDE_FOR: Final = "set_aside_for_"

_USE: Final = """
- **For** learning and demonstrations: how a model is trained, released and served on a stream.
- **By** people who work with data and streams.
- **Not for** decisions about anyone alive, nor to explain why someone in 1912 survived: what goes
  together with survival is not its cause.
"""
_FACTORS: Final = """
The groups it is measured for are those of its inputs: sex, class, both together, and age, the
missing ages included. Women and children were let into the boats first, and first class was nearer
to them; what is known of a passenger differs by class too: ages are missing mostly in third.
"""
_ETHICS: Final = """
The passengers were real people, and their names are in the public record. The model gives no name
back, but it says the same of everyone of a sex, a class and an age: applied to people, that would
be discrimination by design.
"""


@dataclass(frozen=True)
class About:
    """What the card says of a release that its evaluation does not know.

    `data` and `versions` are the manifest's. `findings` are the questions that the data raised,
    `accepted` the reason why it was trained on all the same.
    """

    release: str
    made: date
    data: Mapping[str, str | int]
    versions: Mapping[str, str]
    findings: Sequence[str] = field(default=())
    accepted: str | None = None


def markdown(about: About, evaluation: Evaluation) -> str:
    """The card; its pictures are `training.pictures`' files beside it."""
    sections = {
        f"Model card: release {_plain(about.release)}": _summary(evaluation),
        "Model details": _details(about, evaluation),
        "Intended use": _USE,
        "Factors": _FACTORS,
        "Metrics": _metrics(evaluation),
        "Evaluation data": _evaluation_data(evaluation),
        "Training data": _training_data(about, evaluation),
        "Quantitative analyses": _analyses(evaluation),
        "Ethical considerations": _ETHICS,
        "Caveats and recommendations": _caveats(evaluation),
    }
    parts = [
        f"{'#' if number == 0 else '##'} {heading}\n\n{text.strip()}\n"
        for number, (heading, text) in enumerate(sections.items())
    ]
    return "\n".join(parts)


def _summary(evaluation: Evaluation) -> str:
    model = evaluation.model.metrics
    right, area = model["accuracy"], model["roc_auc"]
    return f"""
From **age, sex and class** it says how likely a passenger of the Titanic was to survive. Of
{evaluation.held_out_rows:,} passengers that it had not seen it was right about
**{right.value:.0%}** ({right.low:.0%} to {right.high:.0%}); of two passengers, one who survived and
one who did not, it gave the survivor the higher probability in **{area.value:.0%}** of the pairs.

![For each sex and class, the probability of survival by age]({pictures.DECISION_SURFACE})
"""


def _details(about: About, evaluation: Evaluation) -> str:
    chosen = evaluation.choice.chosen.parameters
    vote = (
        "each has one vote" if chosen.weights == "uniform" else "the nearer ones have more weight"
    )
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    return f"""
- **What it is**: the {chosen.n_neighbors} nearest neighbours among the passengers it learned from
  ({chosen.metric} distance; {vote}). The probability is their votes' share. Age is rounded
  to hundredths of a year and scaled; a missing one counts as the median.
- **Made**: {about.made}, release `{_code(about.release)}`, with {_plain(versions)}.
- **How it was chosen**: the least log loss of {len(evaluation.choice.candidates)} candidates (k,
  weights, distance) by {evaluation.choice.folds}-fold cross-validation, repeated
  {evaluation.choice.repeats} times, {_chosen_on(evaluation.choice)}.
- **License**: that of the project.

![Log loss of each candidate; the chosen one is circled]({pictures.CHOICE})
"""


def _chosen_on(choice: Choice) -> str:
    sample = "" if choice.rows == choice.of else f"a sample of {choice.rows:,} of "
    chosen = choice.chosen
    return (
        f"on {sample}the {choice.of:,} passengers to learn from:\n"
        f"  {chosen.log_loss:.3f} ± {chosen.log_loss_se:.3f}, Brier score {chosen.brier:.3f}, "
        f"calibration error {chosen.calibration_error:.3f}"
    )


def _metrics(evaluation: Evaluation) -> str:
    return f"""
- **Accuracy**: the share it is right about, when more than a half is a yes.
- **Log loss**: the price of being sure and wrong; what the model was chosen by. Nothing counts as
  surer than {SURE:.0%}.
- **ROC AUC**: how often, of a pair, the one who survived gets the higher probability.
- **Brier score**: the mean squared error of the probability.
- **Calibration error**: how far what it says is from what happens, over ten bins of probability. It
  reads high when there are few passengers, and so does its interval.

In brackets are 95 % confidence intervals: percentiles of {evaluation.resamples:,} bootstrap samples
of the held-out passengers, Wilson's for shares. ↑ means that more is better, ↓ that less is.
"""


def _evaluation_data(evaluation: Evaluation) -> str:
    everyone = evaluation.learn_rows + evaluation.held_out_rows
    share = evaluation.held_out_survived / evaluation.held_out_rows
    return f"""
{evaluation.held_out_rows:,} of {everyone:,} passengers were held out, of whom {share:.0%} survived.
A hash of what the model is told of a passenger, and of the fate, decides, so that whoever is held
out here is held out of every release: releases can be compared on passengers that neither has seen.
They are in `held_out.csv` beside this card.
"""


def _training_data(about: About, evaluation: Evaluation) -> str:
    facts = "\n".join(
        f"- {_plain(name)}: {_fact(value)}"
        for name, value in about.data.items()
        if not name.startswith(SET_ASIDE)
    )
    questions = "\n".join(f"- {_plain(finding)}" for finding in about.findings)
    asked = (
        f"""
**The data raised questions** and was accepted all the same, because:
{_plain(about.accepted or "no reason was given")}

{questions}
"""
        if about.findings or about.accepted
        else "\nIts distributions raised no question.\n"
    )
    return f"""
The other {evaluation.learn_rows:,} passengers. Of the whole data set:

{facts}
{_set_aside(about.data)}{asked}"""


def _set_aside(data: Mapping[str, str | int]) -> str:
    """How many rows the data had besides, and which rules they broke."""
    if SET_ASIDE not in data:
        return ""
    rules = "\n".join(
        f"- {_plain(column)}: {_fact(rows)}; {rule}"
        for column, rule in RULES.items()
        if (rows := data.get(f"{SET_ASIDE_FOR}{column}"))
    )
    return f"""
**Rows were set aside** as they broke a rule, and are in none of the figures:
{_fact(data[SET_ASIDE])}, because of

{rules}
"""


def _analyses(evaluation: Evaluation) -> str:
    beside = _rows(
        [_label(evaluation, name), *map(_within, contender.metrics.values())]
        for name, contender in evaluation.contenders.items()
    )
    ahead = _rows(
        [name, *map(_signed, contender.difference.values())]
        for name, contender in evaluation.contenders.items()
        if contender.difference
    )
    marked = "\n".join(
        f"- **{each.by}: {each.value}** ({each.rows:,} passengers): {'; '.join(each.marks)}"
        for each in evaluation.slices
        if each.marks
    )
    return f"""
### Beside simpler and stronger models

{_head("", *HEADINGS.values())}
{beside}

The same, as the model minus the other one, passenger by passenger. **Bold**: chance alone seldom
makes such a difference.

{_head("the model minus", *HEADINGS.values())}
{ahead}

{_verdict(evaluation.contenders, "log_loss", better=-1)}
{_verdict(evaluation.contenders, "accuracy", better=1)}

![ROC curves of the model and the others]({pictures.ROC})

### Where it is wrong, and for whom

{marked or "No group stands out beyond chance."}

{_head("group", "passengers", "survived", "it says", "accuracy", "log loss", "")}
{_rows(_slice(each) for each in evaluation.slices)}

Marked is where a 99 % interval excludes what the model says of the group, or its accuracy for all.
A group without held-out passengers is not listed; few passengers have wide intervals.

![What was said and what happened]({pictures.CONFUSION})

### Does it mean what it says?

![Of those given a probability, the share that survived]({pictures.CALIBRATION})
"""


def _verdict(contenders: Mapping[str, Contender], metric: str, *, better: int) -> str:
    """Which baselines the model is ahead of, and which not, beyond chance; `better`: 1 or -1."""
    places: dict[str, list[str]] = {"better than": [], "not told apart from": [], "worse than": []}
    for name, contender in contenders.items():
        if name == MODEL:
            continue
        found = contender.difference[metric]
        chance = found.low <= 0 <= found.high
        ahead = found.value * better > 0
        place = "not told apart from" if chance else "better than" if ahead else "worse than"
        places[place].append(f'"{name}"')
    said = "; ".join(f"{place} {', '.join(names)}" for place, names in places.items() if names)
    return f"By {metric.replace('_', ' ')} the model is {said}."


def _caveats(evaluation: Evaluation) -> str:
    return f"""
- {evaluation.held_out_rows:,} held-out passengers say little about small groups: read the
  intervals, not the figures.
- Passengers beyond the oldest and youngest it learned from get their nearest neighbours' answer.
- A missing age counts as the median age, whoever it is missing of.
- Three inputs leave out much that mattered: the deck, the family, the boat.
- One release is compared with another by `titanic releases compare`.
"""


def _label(evaluation: Evaluation, name: str) -> str:
    chosen = evaluation.choice.chosen.parameters
    return f"**this model, {chosen}**" if name == MODEL else name


def _within(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _signed(found: Estimate) -> str:
    text = f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def _slice(each: Slice) -> list[str]:
    return [
        f"{each.by}: {each.value}",
        f"{each.rows:,}",
        _percent(each.survival),
        f"{each.mean_prediction:.0%}",
        _percent(each.accuracy),
        f"{each.log_loss:.3f}",
        "**!**" if each.marks else "",
    ]


def _percent(found: Estimate) -> str:
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _head(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n|---|{'---:|' * (len(cells) - 1)}"


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _fact(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else _plain(value)


def _plain(text: str) -> str:
    """Text of others, a file's name or a reason, as text: no markup, one line."""
    return re.sub(r"([\\`*_{}\[\]<>|&~]|^[#+-])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return text.replace("`", "'")
