"""`titanic profile`: the arguments, and one line for what is wrong. Light to import."""

from pathlib import Path
from typing import Annotated, Final

import typer

PAGES: Final = (".html", ".htm")


def profile(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="CSV",
            help="A comma-separated UTF-8 file with a header: passengers, or anything else.",
            show_default="the Titanic's 1,309",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="HTML", help="Where the report is written.")
    ] = Path("profile.html"),
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Describe a data set: a report on its columns, as one HTML page.

    Min, max, median and histogram of each column, what is missing, what goes
    together. Of more than 100,000 rows a sample is described.

    A report that is there is replaced. The exit code is 2 when the data
    cannot be read or the report cannot be written.
    """
    if output.suffix.lower() not in PAGES:
        raise _stop(f"{output}: the report is an HTML page; name it {output.stem}.html")
    try:
        from training.dataset import BadData, load  # noqa: PLC0415 - heavy, of the extra `training`
        from training.profile import profile as describe  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise _stop(
            f"{missing}; a profile needs this package's extra 'training', "
            "or the image that 'docker build --target training' makes"
        ) from None
    try:
        dataset = load(data, every_column=True)
        page = describe(dataset.frame, dataset.source)
    except BadData as problem:
        raise _stop(problem) from None
    try:
        _replace(output, page)
    except OSError as error:
        raise _stop(f"{output}: {error.strerror}") from None
    typer.echo(f"{output}  {output.stat().st_size / 2**20:.1f} MiB, {len(dataset.frame):,} rows")
    if show and typer.launch(str(output.resolve())):
        typer.echo(f"titanic profile: no browser was found; open {output.resolve()}", err=True)


def _replace(path: Path, page: str) -> None:
    """At no moment is half of it there."""
    half = path.with_name(f".{path.name}.half")
    try:
        half.write_text(page, encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _stop(problem: object) -> typer.Exit:
    typer.echo(f"titanic profile: {problem}", err=True)
    return typer.Exit(2)
