"""What the commands about releases share: which store, which release, and how they end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from titanic_model.location import OWN_MEMORY
from titanic_model.releases import (
    NoRelease,
    ReleaseRefused,
    Releases,
    StoreUnavailable,
    Superseded,
)
from titanic_model.settings import BadSetting, settings

Store = Annotated[
    str | None,
    typer.Option(
        "--releases",
        metavar="PATH|URL",
        help="The release store: a folder, s3://…, gs://… or az://….",
        show_default="TITANIC_RELEASES, else ./releases",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]


class WrongInput(ValueError):
    """What was asked for can't be meant; the message says why."""


@contextmanager
def told(command: str) -> Iterator[None]:
    """What stops a command is one line, and an exit code: 1 refused or superseded, else 2."""
    try:
        yield
    except (ReleaseRefused, Superseded) as reason:
        raise stop(command, reason, 1) from None
    except (NoRelease, StoreUnavailable, BadSetting, WrongInput) as reason:
        raise stop(command, reason, 2) from None


def stop(command: str, reason: object, code: int) -> typer.Exit:
    """Say why; the exit to raise."""
    typer.echo(f"titanic releases {command}: {reason}", err=True)
    return typer.Exit(code)


def opened(location: str | None) -> Releases:
    """The store that was named, else the settings'. Raises `BadSetting` and `WrongInput`."""
    store = Releases(location or settings().releases)
    if not store.store.is_shared:
        raise WrongInput(f"there is nothing in it: {OWN_MEMORY}")
    return store


def resolve(releases: Releases, prefix: str | None) -> str:
    """The release that begins so; the champion, where nothing was said.

    Raises `NoRelease` and `WrongInput`, and for the champion as the log does.
    """
    if prefix is None:
        return releases.champion()
    found = [release for release in releases.ids() if release.startswith(prefix)]
    if not prefix or not found:
        raise NoRelease(
            f"no release {prefix!r} in {releases.location}; 'titanic releases list' shows them"
        )
    if len(found) > 1:
        raise WrongInput(f"{prefix} is the beginning of {len(found)}: {', '.join(found)}")
    return found[0]
