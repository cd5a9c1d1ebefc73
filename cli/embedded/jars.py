"""The jars of Apache Kafka on this machine: those of `kafka.lock`, kept in the user's cache.

Downloaded once, by jgo, each compared with its hash in the lock; from then on nothing here
touches the network.
"""

import fcntl
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import typer
from platformdirs import user_cache_path
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from cli.embedded import kafka_lock
from cli.embedded.kafka_lock import KAFKA_VERSION, Jar
from cli.unavailable import BrokerUnavailable

DOWNLOADS_AT_ONCE: Final = 6
OTHERWISE: Final = "with a broker of your own, set KAFKA_BOOTSTRAP_SERVERS"


def installed() -> bool:
    """Whether the extra `broker` is here, as it is not in the image that serves."""
    return find_spec("jgo") is not None


def class_path() -> str:
    """What `java -cp` takes to run Kafka; downloads it the first time, with a progress bar.

    Two processes at once download it once; what an interrupted download left is used.
    Raises `BrokerUnavailable`.
    """
    cache = user_cache_path("titanic-stream-scorer", appauthor=False)
    home = cache / f"kafka-{kafka_lock.fingerprint()}"
    jars = kafka_lock.jars()
    if not _complete(home, jars):
        if not installed():
            raise BrokerUnavailable(
                f"the embedded Apache Kafka needs the extra 'broker' of this package; {OTHERWISE}"
            )
        try:
            with _one_at_a_time(cache / "download.lock"):
                if not _complete(home, jars):
                    _download(jars, home)
        except OSError as error:
            raise BrokerUnavailable(_reason(error, cache)) from error
    return str(home / "*")


def _complete(home: Path, jars: tuple[Jar, ...]) -> bool:
    """Sizes only: the hashes were compared before the folder got its name."""
    sizes = {path.name: path.stat().st_size for path in home.glob("*.jar")}
    return sizes == {jar.filename: jar.size_bytes for jar in jars}


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            typer.echo("another process is downloading Apache Kafka; waiting for it", err=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(jars: tuple[Jar, ...], home: Path) -> None:
    partial = home.with_name(f"{home.name}.partial")
    verified = partial / "verified"
    verified.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in jars if not jar.is_at(verified / jar.filename)]
    size_bytes = sum(jar.size_bytes for jar in missing)
    free_bytes = shutil.disk_usage(partial).free
    if free_bytes < size_bytes:
        raise BrokerUnavailable(
            f"no room in {home.parent} (XDG_CACHE_HOME moves it): Apache Kafka takes "
            f"{size_bytes / 1e6:.0f} MB, {free_bytes / 1e6:.0f} MB are free"
        )
    with _bar(size_bytes) as received:
        _fetch(missing, partial / "repository", verified, received)
    shutil.rmtree(home, ignore_errors=True)
    verified.rename(home)
    shutil.rmtree(partial, ignore_errors=True)


def _fetch(
    jars: list[Jar], repository: Path, verified: Path, received: Callable[[int], None]
) -> None:
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - of the extra `broker`

    given_up = threading.Event()

    @contextmanager
    def progress(_filename: str, _size_bytes: int) -> Iterator[Callable[[int], None]]:
        def advance(size_bytes: int) -> None:
            if given_up.is_set():
                raise InterruptedError
            received(size_bytes)

        yield advance

    resolver = PythonResolver(progress_callback=progress)
    context = MavenContext(repo_cache=repository, resolver=resolver)

    def fetch(jar: Jar) -> None:
        artifact = context.create_dependency(jar.coordinate).artifact
        if artifact.cached_path:
            artifact.cached_path.unlink(missing_ok=True)  # jgo would believe half a file
        path = Path(artifact.resolve())
        if not jar.is_at(path):  # jgo only warns
            path.unlink()
            raise BrokerUnavailable(
                f"{jar.coordinate} came with another SHA-256 than {kafka_lock.PATH.name} has; "
                f"try again, or {OTHERWISE}"
            )
        path.rename(verified / jar.filename)

    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        try:
            for done in as_completed([pool.submit(fetch, jar) for jar in jars]):
                done.result()
        except RuntimeError as error:  # jgo's for any answer but 200
            raise BrokerUnavailable(
                f"Apache Kafka {KAFKA_VERSION} could not be downloaded: the Maven repository did "
                f"not hand out all of it; {OTHERWISE}"
            ) from error
        finally:
            given_up.set()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _bar(size_bytes: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    label = f"Apache Kafka {KAFKA_VERSION}, this once"
    if not console.is_terminal:
        typer.echo(f"downloading {label} ({size_bytes / 1e6:.0f} MB)", err=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=size_bytes)
        yield lambda more_bytes: progress.advance(task, more_bytes)


def _reason(error: OSError, cache: Path) -> str:
    if error.errno is not None:  # the disk's; those of the HTTP client have none
        return f"{cache} (XDG_CACHE_HOME moves it) cannot hold Apache Kafka: {error.strerror}"
    return (
        f"Apache Kafka {KAFKA_VERSION} could not be downloaded, which is needed this once: "
        f"no connection ({type(error).__name__}); {OTHERWISE}"
    )
