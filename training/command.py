"""`titanic train` and `python -m training.train`: the arguments, and one line for what is wrong.

Light to import; pandas and scikit-learn come when there is something to train.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from titanic_model.reason import BadReason, reason
from titanic_model.releases import NoRelease, ReleaseRefused, StoreUnavailable
from titanic_model.settings import BadSetting

MAX_SEED: Final = 2**32 - 1


def train(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Passengers with known fates: a comma-separated UTF-8 file with the columns "
            "pclass (1, 2, 3), sex (male, female), age (0 to 100 years, or nothing) and survived "
            "(0, 1); others are ignored.",
            show_default="the Titanic's 1,309",
        ),
    ] = None,
    releases: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="The release store: a folder, s3://…, gs://… or az://….",
            show_default="TITANIC_RELEASES, else ./releases",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="How the folds are drawn.")] = 0,
    accept: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Train although the data looks wrong as a whole; the release tells the reason.",
        ),
    ] = None,
    quarantine: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Set rows that break a rule aside in this new file, with the reasons, and train "
            "on the rest; without it such a row stops the training. A training that makes no "
            "release leaves no file.",
        ),
    ] = None,
) -> None:
    """Check the data, choose, fit and measure a model, and release it.

    What breaks a hard rule stops the training: an age of 130, a third sex, a
    passenger who is there twice. So does data that keeps the rules and yet
    is not like the data of the release in service: most of them over 90,
    all women lost. 'titanic profile' draws what is in it.

    The release goes into service when it passes the gates, such as being no
    worse than the present one on passengers that neither has seen. Otherwise
    it waits in the store, see 'titanic releases promote --help'.

    The same data and seed give the same release. Workers and APIs that
    follow the store take it up by themselves.

    Beside it a pickle is left for experiments of your own, as
    titanic_model/knn_model.p; nothing here loads it. One that is there is
    replaced when the release goes into service in the store of
    TITANIC_RELEASES, and stays otherwise.

    The exit code is 0 when there is a release, in service or not (if not,
    the last line, on stderr, says so and why); 1 when the
    data looks wrong; and 2 when it breaks a rule, or a setting or the store
    is at fault. What was in service then stays.
    """
    try:
        from training.dataset import BadData  # noqa: PLC0415 - heavy, and of the extra `training`
        from training.train import Questionable, main  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise _stop(
            f"{missing}; training needs this package's extra 'training', "
            "or the image that 'docker build --target training' makes"
        ) from None
    try:
        accept = None if accept is None else reason(accept)
    except BadReason as bad:
        raise _stop(f"--accept {bad}") from None
    try:
        main(data=data, releases=releases, seed=seed, accept=accept, quarantine=quarantine)
    except Questionable as problem:
        raise _stop(problem, code=1) from None
    except (BadData, BadSetting, NoRelease, ReleaseRefused, StoreUnavailable) as problem:
        raise _stop(problem) from None


def run() -> None:
    """The command by itself."""
    typer.run(train)


def _stop(problem: object, *, code: int = 2) -> typer.Exit:
    typer.echo(f"titanic train: {problem}", err=True)
    return typer.Exit(code)
