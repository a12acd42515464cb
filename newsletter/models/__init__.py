from newsletter.models.deliveries import Delivery, Pace
from newsletter.models.issues import OUT, UNSENT, Issue, IssueState
from newsletter.models.queue import Kind, Outbox, QueuedMail, State, Worker
from newsletter.models.subscribers import Cooldown, Leaving, Subscriber, Suppression

__all__ = [
    "OUT",
    "UNSENT",
    "Cooldown",
    "Delivery",
    "Issue",
    "IssueState",
    "Kind",
    "Leaving",
    "Outbox",
    "Pace",
    "QueuedMail",
    "State",
    "Subscriber",
    "Suppression",
    "Worker",
]
