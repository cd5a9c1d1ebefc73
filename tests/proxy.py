"""A TCP proxy in front of an HTTP server, that breaks in the ways that networks and servers do."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

CHUNK_BYTES: Final = 65_536
ERROR: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class Fault(Enum):
    """What the proxy does with a connection."""

    NONE = auto()
    ERRORS = auto()
    """Every request is answered by 500."""
    SLOW = auto()
    """Every answer comes `delay_s` late."""
    SILENCE = auto()
    """Requests are taken and never answered."""
    CUT = auto()
    """The server's answer ends, by a reset, after `cut_after_bytes`."""
    LOST_ANSWER = auto()
    """The server gets the request; its answer is lost."""
    DOWN = auto()
    """Connections are reset at once."""


@dataclass
class Proxy:
    """It listens at `port` for `target`; `fault` may be changed at any time."""

    target: tuple[str, int]
    fault: Fault = Fault.NONE
    cut_after_bytes: int = 100_000
    delay_s: float = 1.5
    port: int = 0
    # Of which requests the fault is, by how they begin; and whether it is gone after one.
    only: bytes = b""
    once: bool = False
    _open: set[socket.socket] = field(default_factory=set)

    def breaks(self, fault: Fault) -> None:
        """From now on; connections that are open are ended, so that none goes on as before."""
        self._mend()
        self.fault = fault
        for connection in list(self._open):
            _reset(connection)

    def breaks_once(self, fault: Fault, only: bytes = b"") -> None:
        """The next request that begins so; all is well after it."""
        self.only, self.once, self.fault = only, True, fault

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the end."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        """Pass one request after the other, each with its answer."""
        self._open.add(client)
        try:
            with contextlib.suppress(OSError), socket.create_connection(self.target) as server:
                while request := _message(client):
                    fault = self.fault if request.startswith(self.only) else Fault.NONE
                    if fault is Fault.DOWN:
                        _reset(client)
                    elif fault is Fault.ERRORS:
                        client.sendall(ERROR)
                        client.close()
                    elif fault is not Fault.SILENCE:
                        server.sendall(request)
                        self._answer(_message(server), client, fault)
        finally:
            self._open.discard(client)
            client.close()

    def _answer(self, answer: bytes, client: socket.socket, fault: Fault) -> None:
        if fault is Fault.SLOW:
            time.sleep(self.delay_s)
        cut = fault is Fault.CUT and len(answer) > self.cut_after_bytes
        if not cut and fault is not Fault.LOST_ANSWER:
            client.sendall(answer)
            return
        if self.once:
            self._mend()
        if cut:
            client.sendall(answer[: self.cut_after_bytes])
        _reset(client)

    def _mend(self) -> None:
        self.only, self.once, self.fault = b"", False, Fault.NONE


def _message(connection: socket.socket) -> bytes:
    """A request or a response, whole: its head, and a body of the length that the head tells."""
    message = b""
    while b"\r\n\r\n" not in message:
        if not (more := connection.recv(CHUNK_BYTES)):
            return b""
        message += more
    head, _, body = message.partition(b"\r\n\r\n")
    told = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    length = int(told[1]) if told else 0
    while len(body) < length and (more := connection.recv(CHUNK_BYTES)):
        body += more
    return head + b"\r\n\r\n" + body


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def proxy(host: str, port: int) -> Iterator[Proxy]:
    """A proxy for that server, on a free port of 127.0.0.1."""
    made = Proxy((host, port))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.port = listener.getsockname()[1]
        serving = threading.Thread(target=made.serve, args=(listener,), daemon=True)
        serving.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            made.breaks(Fault.DOWN)
            serving.join()
