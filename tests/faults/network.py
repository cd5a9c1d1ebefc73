"""Lines between a worker and the brokers, that can be slow, silent or cut: TCP proxies.

A line is one proxy for each broker. Each broker has a listener for each line and advertises there
the proxy's address, so that all that a worker says to Kafka goes over its line.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from cli import ports

CHUNK_BYTES: Final = 65_536


class Line:
    """What lies between a worker and the brokers; all is well until it is told otherwise."""

    def __init__(self, name: str, brokers: int) -> None:
        free = ports.free()
        self.name = name
        # By broker, from 1 on: where the worker is told that the broker is, and where it is.
        self.proxies: Final = {number: next(free) for number in range(1, brokers + 1)}
        self.listeners: Final = {number: next(free) for number in range(1, brokers + 1)}
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay_s = 0.0
        self._cut = False
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def servers(self) -> str:
        """The brokers as a worker on this line names them."""
        return ",".join(f"{ports.HOST}:{port}" for port in self.proxies.values())

    def cut(self) -> None:
        """Reset all connections and every one that is tried, until `heal`."""
        self._cut = True
        self._loop.call_soon_threadsafe(self._reset)

    def fall_silent(self) -> None:
        """Connections stay, but nothing arrives any more, until `heal`; then all of it does."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def slow(self, delay_s: float) -> None:
        """Whatever is sent arrives that much later, in both directions, until `heal`."""
        self._delay_s = delay_s

    def heal(self) -> None:
        """All is well again."""
        self._delay_s, self._cut = 0.0, False
        self._loop.call_soon_threadsafe(self._flows.set)

    def run(self) -> None:
        """Pass on what is said, until `end`."""
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serve())
        self._loop.close()

    def end(self) -> None:
        """Let `run` return."""
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    async def _serve(self) -> None:
        servers = [
            await asyncio.start_server(self._accept(self.listeners[number]), ports.HOST, port)
            for number, port in self.proxies.items()
        ]
        try:
            await asyncio.Event().wait()
        finally:
            for server in servers:
                server.close()
            self._reset()

    def _accept(self, port: int):  # type: ignore[no-untyped-def] # a coroutine function
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                if not self._cut:
                    far = await asyncio.open_connection(ports.HOST, port)
                    ends = (writer, far[1])
                    self._open.update(ends)
                    await asyncio.gather(self._pump(reader, far[1]), self._pump(far[0], writer))
                    self._open.difference_update(ends)
            writer.transport.abort()

        return accept

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(CHUNK_BYTES):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._flows.wait()
                sink.write(data)
                await sink.drain()
        finally:
            sink.transport.abort()

    def _reset(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


@contextmanager
def lines(names: Sequence[str], brokers: int) -> Iterator[Mapping[str, Line]]:
    """Lines by name, each in a thread of its own."""
    made = {name: Line(name, brokers) for name in names}
    threads = [threading.Thread(target=line.run, daemon=True) for line in made.values()]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for line in made.values():
            line.end()
        for thread in threads:
            thread.join()


def listeners(made: Mapping[str, Line], properties: Mapping[str, str]) -> dict[str, str]:
    """A broker's properties with a listener for each line, advertised at the line's proxy."""
    number = int(properties["node.id"])
    more = {name: line.listeners[number] for name, line in made.items()}
    told = {name: line.proxies[number] for name, line in made.items()}
    security = ["CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT"]
    return {
        **properties,
        "listeners": ",".join([properties["listeners"], *_urls(more)]),
        "advertised.listeners": ",".join([properties["advertised.listeners"], *_urls(told)]),
        "listener.security.protocol.map": ",".join(
            [*security, *(f"{name}:PLAINTEXT" for name in made)]
        ),
        "inter.broker.listener.name": "PLAINTEXT",
    }


def _urls(ports_by_name: Mapping[str, int]) -> list[str]:
    return [f"{name}://{ports.HOST}:{port}" for name, port in ports_by_name.items()]
