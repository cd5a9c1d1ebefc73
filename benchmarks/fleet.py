"""Several workers of one group, each a process that can be stopped, killed, frozen and begun again.

A worker that ends by itself is begun again, as a supervisor would.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from confluent_kafka.admin import AdminClient

from benchmarks import answers
from benchmarks.contestants import GRACE_S, WORKER
from cli import guard, ports

READY_WITHIN_S: Final = 120.0
LOOK_EVERY_S: Final = 0.05
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotReady(Exception):
    """A worker that does not get ready; the message says why, and where its log is."""


class Member:
    """A worker's place: the process that holds it may change."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        port = next(ports.free())
        self._environment = {**environment, "TITANIC_WEB_PORT": str(port)}
        self._url = f"http://{ports.HOST}:{port}"
        self._log = log
        self._begun = 0
        self.start()

    def start(self) -> None:
        """A new process, which ends with ours however that ends."""
        log = self._log.with_suffix(f".{self._begun}.log")
        self._begun += 1
        command = [sys.executable, guard.__file__, str(GRACE_S), str(log), sys.executable, *WORKER]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,  # Ctrl-C is for us, who then stop it in order
        )
        told = self._process.stdout
        self._pid = int(told.readline()) if told else self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send the worker a signal."""
        os.kill(self._pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait for its end."""
        self.send(number)
        self._process.wait(GRACE_S)
        self._forget()

    def restart(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End it, begin it again, wait until it is ready: the seconds that took."""
        at = time.monotonic()
        self.stop(number)
        self.start()
        self.ready()
        return time.monotonic() - at

    def ready(self) -> None:
        """Wait until it is. Raises `NotReady`."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not (told := self._told()) or not told.get("ok"):
            if self._process.poll() is not None:
                self._forget()
                self.start()
            if time.monotonic() > deadline:
                raise NotReady(f"a worker is not ready: {told or 'no answer'}; log: {self._log}")
            time.sleep(LOOK_EVERY_S)

    @property
    def partitions(self) -> set[int]:
        """What it reads."""
        told = self._told() or {}
        return set(told.get("partitions", ()))

    @property
    def answered(self) -> int:
        """How many events it has answered, as its metrics say."""
        with _DIRECT.open(f"{self._url}/metrics", timeout=5) as page:
            (told,) = re.findall(rb"^titanic_events_total (\S+)", page.read(), re.MULTILINE)
        return int(float(told))

    def end(self) -> None:
        """Ask it to stop, by the end of the guard's standard input; then wait."""
        with contextlib.suppress(ProcessLookupError):
            self.send(signal.SIGCONT)
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        self._forget()

    def _forget(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def _told(self) -> dict[str, Any] | None:
        try:
            with _DIRECT.open(f"{self._url}/readyz", timeout=5) as answer:
                return {"ok": True, **json.loads(answer.read())}
        except urllib.error.HTTPError as error:
            with error:
                return {"ok": False, **json.loads(error.read())}
        except (OSError, ValueError):
            return None


@contextmanager
def fleet(environments: Sequence[Mapping[str, str]], folder: Path) -> Iterator[list[Member]]:
    """A worker of each environment, ready, with all partitions between them; they end with this."""
    folder.mkdir(parents=True, exist_ok=True)
    members: list[Member] = []
    try:
        for number, environment in enumerate(environments):
            members.append(Member(environment, folder / f"worker-{number}"))
        for member in members:
            member.ready()
        yield members
    finally:
        for member in members:
            member.end()


def spread(members: Sequence[Member], partitions: int) -> list[set[int]]:
    """Wait until all partitions are read, as evenly as can be; who reads which.

    Raises `NotReady`.
    """
    least = partitions // len(members)
    most = -(-partitions // len(members))
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        held = [member.partitions for member in members]
        sizes = [len(one) for one in held]
        if sum(sizes) == partitions and min(sizes) >= least and max(sizes) <= most:
            return held
        if time.monotonic() > deadline:
            raise NotReady(f"{partitions} partitions are spread as {sizes}")
        time.sleep(LOOK_EVERY_S)


@contextmanager
def own_topics(admin: AdminClient, partitions: int) -> Iterator[str]:
    """The topics of a group of its own, which has the name that is given; gone afterwards."""
    own = f"titanic-benchmark-{uuid.uuid4().hex[:8]}"
    names = [own, *(f"{own}-{of}" for of in ("predictions", "dlq", "outcomes"))]
    try:
        for name in names:
            answers.create(admin, name, partitions, **answers.STAMPED_BY_THE_BROKER)
        yield own
    finally:
        there = admin.list_topics(timeout=answers.REQUEST_TIMEOUT_S).topics
        if left := [name for name in names if name in there]:
            for deleted in admin.delete_topics(left).values():
                deleted.result()


def environment(servers: str, own: str, folder: Path) -> dict[str, str]:
    """A worker's on such topics: `KAFKA_*` as it is here, of `TITANIC_*` what is needed."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TITANIC_")}
    return inherited | {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "KAFKA_GROUP_ID": own,
        "TITANIC_RELEASES": str(folder / "releases"),
        "TITANIC_PASSENGERS_TOPIC": own,
        "TITANIC_PREDICTIONS_TOPIC": f"{own}-predictions",
        "TITANIC_DEAD_LETTERS_TOPIC": f"{own}-dlq",
        "TITANIC_OUTCOMES_TOPIC": f"{own}-outcomes",
        "XDG_STATE_HOME": str(folder / "state"),
    }
