"""What a benchmark runs on, and of which versions; nothing here is measured."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Final

from confluent_kafka import libversion

from benchmarks.result import Machine

ROOT: Final = Path(__file__).parents[1]


def machine() -> Machine:
    """The one that this runs on."""
    return Machine(_processor(), os.cpu_count() or 1, f"{platform.system()} {platform.release()}")


def versions() -> dict[str, str]:
    """Of what takes part, the broker excepted."""
    return {
        "project": metadata.version("titanic-stream-scorer"),
        "python": platform.python_version(),
        "confluent-kafka": metadata.version("confluent-kafka"),
        "librdkafka": libversion()[0],
    }


def commit() -> str | None:
    """The checkout's, with "+" where files differ from it; None where there is no checkout."""
    try:
        head, changed = (
            subprocess.run(
                ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+" if changed else head


def _processor() -> str:
    """Linux names the model in /proc; elsewhere the kind has to do."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())
