"""`titanic reconcile`: events, predictions and dead letters against each other.

`ledger` is what events are owed; `events` fills it, `answers` compares what came, `settling` finds
what didn't. These are pure; `reading` is Kafka's side, `run` the whole in order.
"""

from cli.reconcile.command import reconcile

__all__ = ["reconcile"]
