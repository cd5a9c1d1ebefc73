"""A store's failure in one line: what failed and why, and nothing that differs from try to try."""

import pytest

from titanic_model.unavailable import MAX_REASON_CHARACTERS, why


def debug(message: str) -> str:
    """What obstore adds to its own line."""
    return f'\n\nDebug source:\nGeneric {{\n    source: Os {{\n  message: "{message}",\n }}\n}}'


# As obstore 0.8 words them, without what it adds for debugging.
WORDED = {
    "a full disk": (
        "Generic LocalFileSystem error: Unable to copy data to file: No space left on device "
        "(os error 28)" + debug("No space left on device"),
        "Unable to copy data to file: No space left on device",
    ),
    "a server that is down": (
        "Generic S3 error: Error performing list request: Error performing GET "
        "http://127.0.0.1:9/bucket?list-type=2&prefix=x in 8.123s, after 7 retries, "
        "max_retries: 10, retry_timeout: 8s  - HTTP error: error sending request"
        + debug("Connection refused"),
        "GET http://127.0.0.1:9/bucket - HTTP error: error sending request: Connection refused",
    ),
    "a server that is silent": (
        (
            "Generic S3 error: Error performing GET http://127.0.0.1:9/b in 10.1s - HTTP error: "
            "error decoding response body\n\nDebug source:\nTimedOut"
        ),
        "GET http://127.0.0.1:9/b - HTTP error: error decoding response body: no answer in time",
    ),
    "what the cloud says itself": (
        (
            "Generic S3 error: Error performing PUT http://x in 1ms - Server returned non-2xx "
            'status code: 403 Forbidden: <?xml version="1.0"?><Error><Code>AccessDenied</Code>'
            "<Message>You may not</Message></Error>"
        ),
        "AccessDenied: You may not",
    ),
    "no keys for S3": (
        "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in "
        "390.392µs, after 3 retries, max_retries: 10, retry_timeout: 8s  - HTTP error: error "
        "sending request" + debug("Network is unreachable"),
        (
            "no key was given, and this machine has no role that would do: set AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY"
        ),
    ),
    "no keys for Google": (
        (
            "Generic GCS error: Error performing token request: Error performing GET http://"
            "169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token?audience=x "
            "in 105.277µs - HTTP error: error sending request"
        ),
        (
            "no key was given, and this machine has no role that would do: set "
            "GOOGLE_SERVICE_ACCOUNT to the path of a service account's key"
        ),
    ),
    "no keys for Azure": (
        (
            "Generic MicrosoftAzure error: Error performing token request: Error performing GET "
            "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2019-08-01 in "
            "102.893µs - HTTP error: error sending request"
        ),
        (
            "no key was given, and this machine has no role that would do: set "
            "AZURE_STORAGE_ACCOUNT_KEY"
        ),
    ),
    "nothing at all": ("", "OSError"),
}


@pytest.mark.parametrize("what", WORDED)
def test_the_reason_is_one_line_that_says_each_thing_once(what: str) -> None:
    text, line = WORDED[what]
    assert why(OSError(text)) == line


def test_an_error_of_the_systems_is_told_in_its_words() -> None:
    assert why(PermissionError(13, "Permission denied", "/a")) == "Permission denied"


def test_a_long_reason_is_cut() -> None:
    assert why(ValueError("x" * 1000)) == "x" * MAX_REASON_CHARACTERS + "…"
