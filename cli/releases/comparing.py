"""`titanic releases compare`: on which passengers two releases differ, told and drawn."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from cli.releases.options import Json, Store, WrongInput, opened, resolve, stop, told
from titanic_model.comparison import Cell, Comparison, ruler, strips
from titanic_model.comparison import compare as compared
from titanic_model.scorer import Scorer

COLOURS: Final = {
    Cell.DIES: "dim",
    Cell.SURVIVES: "dim",
    Cell.NOW_SURVIVES: "bold green",
    Cell.NOW_DIES: "bold red",
}
REGIONS: Final = 40
LABEL: Final = "{:<6} {}  "


def compare(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[
        str | None, typer.Argument(metavar="B", show_default="A, after the champion")
    ] = None,
    *,
    picture: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.png", help="Draw it there, too."),
    ] = None,
    as_json: Json = False,
    releases: Store = None,
) -> None:
    """Compare two releases on all 60,012 inputs there are: every age, sex and
    class.

    Says how many answers differ, in outcome and in probability, and which
    regions flip from A to B; with one release only, from the champion to that
    one. The strips are drawn for each sex and class, from the youngest to the
    oldest, with one cell more for passengers of unknown age: '#' survives and
    '.' dies by both, '+' survives by B only, '-' by A only.

    titanic releases compare 3f2a                    what would change if it was promoted
    titanic releases compare 3f2a 90bc -o flips.png
    """
    with told("compare"):
        store = opened(releases)
        before, after = (None, a) if b is None else (a, b)
        scorers = [store.load(resolve(store, which))[1] for which in (before, after)]
        found = compared(*scorers)
        if picture:
            _draw(picture, *scorers)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _tell(found, *scorers)
    if picture:
        typer.echo(f"drawn in {picture}", err=True)


def _draw(path: Path, before: Scorer, after: Scorer) -> None:
    try:
        from training.pictures_compare import draw  # noqa: PLC0415 - needs matplotlib
    except ModuleNotFoundError as missing:
        raise stop(
            "compare",
            f"{missing}; the picture needs this package's extra 'training'; without -o it is drawn "
            "here",
            2,
        ) from None
    try:
        path.write_bytes(draw(before, after))
    except OSError as error:
        raise WrongInput(f"{path} cannot be written: {error.strerror}") from None


def _tell(found: Comparison, before: Scorer, after: Scorer) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{found.before} -> {found.after}, on all {found.inputs:,} inputs")
    console.print(f"outcome        {share(found.outcomes, found.inputs)} differ")
    console.print(
        f"probability    {share(found.probabilities, found.inputs)} differ, "
        f"by {found.largest:.3f} at the most and {found.mean:.4f} in the mean"
    )
    console.print(f"\n{LABEL.format('age', ' ')}{ruler()}  ?")
    for sex, pclass, known, unknown in strips(before, after):
        line = Text(LABEL.format(sex, pclass))
        for cell in known:
            line.append(cell.value, COLOURS[cell])
        line.append("  ").append(unknown.value, COLOURS[unknown])
        console.print(line)
    console.print("         # survives   . dies   + now survives   - now dies   ? age not known")
    if found.regions:
        console.print("\nwhat flips, by sex, class and age in years:")
    for region in found.regions[:REGIONS]:
        console.print(f"  {region}")
    if len(found.regions) > REGIONS:
        console.print(f"  and {len(found.regions) - REGIONS} more; --json has all")


def share(count: int, inputs: int) -> str:
    """The count, and its share in a hundred, which is 0 or 100 only if it is that."""
    percent = f"{count / inputs:.2%}"
    if 0 < count < inputs:
        percent = {"0.00%": "<0.01%", "100.00%": ">99.99%"}.get(percent, percent)
    return f"{count:,} ({percent})"
