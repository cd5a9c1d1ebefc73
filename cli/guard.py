"""The process between ours and a JVM: it ends the JVM when we end, however that was.

Our end closes the pipe on its standard input, also on kill -9; asking for a stop is closing it.
Run as a script, with the standard library only: `guard.py GRACE_S LOG COMMAND...`.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main(grace_s: float, log: str, command: list[str]) -> int:
    """Run the command; the exit code is its own, or 128 and the signal that ended it."""
    with Path(log).open("wb") as output:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                close_fds=False,  # the lock on the data folder goes on to the JVM
            )
        except OSError as error:
            output.write(f"{error}\n".encode())
            return 127
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    os.write(1, f"{child.pid}\n".encode())
    threading.Thread(target=stop_when_the_pipe_closes, args=(child, grace_s), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def stop_when_the_pipe_closes(child: "subprocess.Popen[bytes]", grace_s: float) -> None:
    """Nobody writes to the pipe, so that reading it returns at its end."""
    os.read(0, 1)
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
