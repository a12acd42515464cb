"""The models of the newsletter, one module per subject. The rest of the site imports them from here."""

from newsletter.models.deliveries import REACHED, Delivery, Pace
from newsletter.models.issues import GOING_OUT, OUT, UNSENT, Issue, IssueState
from newsletter.models.queue import MAX_REASON_LENGTH, DailyRun, Outbox, OutboxKind, QueuedMail, SendState, Worker
from newsletter.models.subscribers import Cooldown, LeaveReason, Subscriber, Suppression

__all__ = [
    "GOING_OUT",
    "MAX_REASON_LENGTH",
    "OUT",
    "REACHED",
    "UNSENT",
    "Cooldown",
    "DailyRun",
    "Delivery",
    "Issue",
    "IssueState",
    "LeaveReason",
    "Outbox",
    "OutboxKind",
    "Pace",
    "QueuedMail",
    "SendState",
    "Subscriber",
    "Suppression",
    "Worker",
]
