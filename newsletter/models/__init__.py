from newsletter.models.queue import Kind, Outbox, QueuedMail, State, Worker
from newsletter.models.subscribers import Cooldown, Leaving, Subscriber, Suppression

__all__ = ["Cooldown", "Kind", "Leaving", "Outbox", "QueuedMail", "State", "Subscriber", "Suppression", "Worker"]
