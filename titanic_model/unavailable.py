"""Why a release store did not do what it was asked for: obstore's error, in one line. Pure."""

import re
from typing import Final

MAX_REASON_CHARACTERS: Final = 300

# What obstore says besides: the layers that an error came through, a query, the time and the tries.
_NOISE: Final = tuple(
    re.compile(noise)
    for noise in (
        r"^Generic \w+ error: ",
        r"Error performing (list request: Error performing |token request: Error performing )?",
        r"(?<=\w)\?\S+",
        r" in [\d.]+(ns|µs|ms|s)(?=[, ])",
        r", (after \d+ retries|max_retries: \d+|retry_timeout: \w+)",
        r" \(os error \d+\)",
        r" (?= )",
    )
)

# Without a key a cloud's machine is asked for its role, at an address that says nothing to anyone.
_NO_KEYS: Final = {
    "/latest/api/token": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "/latest/meta-data/iam/": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "/computeMetadata/": "set GOOGLE_SERVICE_ACCOUNT to the path of a service account's key",
    "/metadata/identity/": "set AZURE_STORAGE_ACCOUNT_KEY",
}


class StoreUnavailable(OSError):
    """The release store did not do what it was asked for; one line says which and why."""


def why(error: Exception) -> str:
    """The reason in one line, the same for the same reason: it is logged once.

    The cloud's own code and message, where it gave them; else which request failed, and how.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text, _, details = (str(error) or type(error).__name__).partition("\n\nDebug source:")
    for path, remedy in _NO_KEYS.items():
        if path in text:
            return f"no key was given, and this machine has no role that would do: {remedy}"
    code, message = (re.search(f"<{tag}>(.*?)</{tag}>", text) for tag in ("Code", "Message"))
    if code and message:
        return f"{code[1]}: {message[1]}"
    line = text.strip().splitlines()[0].rstrip(": ")
    for noise in _NOISE:
        line = noise.sub("", line)
    system = re.search(r'message: "([^"]+)"', details)
    if system and system[1] not in line:
        line += f": {system[1]}"
    elif "TimedOut" in details:
        line += ": no answer in time"
    return line if len(line) <= MAX_REASON_CHARACTERS else line[:MAX_REASON_CHARACTERS] + "…"
