"""The one situation that everything about the embedded broker ends in when it cannot go on."""


class BrokerUnavailable(Exception):
    """There is no broker to be had; the message says why and what to do, in one line."""
