"""`titanic releases open`: a release's pages in the browser."""

from pathlib import Path
from typing import Annotated, Final

import typer
from platformdirs import user_cache_path

from cli.releases.options import Store, WrongInput, opened, resolve, told
from titanic_model.releases import Manifest, Releases

CARD: Final = "model_card.html"
PROFILE: Final = "profile.html"
PICTURES: Final = (".png", ".svg")


def open_(
    release: Annotated[
        str | None, typer.Argument(metavar="ID", show_default="the champion")
    ] = None,
    file: Annotated[str | None, typer.Argument(metavar="FILE", show_default=CARD)] = None,
    *,
    profile: Annotated[
        bool, typer.Option("--profile", help=f"The data's report: {PROFILE}.")
    ] = False,
    only_print: Annotated[
        bool, typer.Option("--print", help="Only print where the file is; open nothing.")
    ] = False,
    releases: Store = None,
) -> None:
    """Open a release's model card, or another of its files, in the browser, and
    print its path.

    From a store in the cloud it is fetched first, with its pictures. The hashes
    are checked.

    titanic releases open
    titanic releases open 3f2a --profile
    titanic releases open 3f2a held_out.csv --print
    """
    with told("open"):
        if profile and file:
            raise WrongInput(f"--profile is {PROFILE}; leave out one of the two")
        store = opened(releases)
        manifest = store.manifest(resolve(store, release))
        path = _local(store, manifest, file or (PROFILE if profile else CARD))
    typer.echo(path)
    if not only_print:
        typer.launch(path.as_uri())


def _local(store: Releases, manifest: Manifest, name: str) -> Path:
    """The file on this machine, whole, its pictures beside it. Raises `WrongInput`."""
    if name not in manifest.files:
        has = ", ".join(manifest.files)
        raise WrongInput(f"release {manifest.id} has no {name}; it has {has}")
    needed = [name, *(other for other in manifest.files if other.endswith(PICTURES))]
    if name.endswith(PICTURES):
        needed = [name]
    contents = {other: store.file(manifest, other) for other in needed}
    if store.store.folder:
        return store.store.folder / manifest.id / name
    folder = user_cache_path("titanic") / "releases" / manifest.id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for other, content in contents.items():
            (folder / other).write_bytes(content)
    except OSError as error:
        raise WrongInput(f"{folder} cannot be written: {error.strerror}") from None
    return folder / name
