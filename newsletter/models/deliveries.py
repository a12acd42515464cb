"""Deliveries: one issue to one subscriber each."""

from django.db import models
from django.db.models import Q

from newsletter.models.issues import Issue
from newsletter.models.queue import QueuedMail, SendState
from newsletter.models.subscribers import Subscriber

# Its reader has the issue, or may have it.
REACHED = (SendState.SENDING, SendState.SENT, SendState.UNKNOWN)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unknown(self) -> "DeliveryQuerySet":
        return self.filter(state=SendState.UNKNOWN)

    def waiting(self) -> "DeliveryQuerySet":
        return self.filter(state__in=[SendState.QUEUED, SendState.SENDING])

    def count_by_state(self) -> dict[tuple[int, str], int]:
        """Return how many there are, as {(issue id, state): number}."""
        rows = self.order_by().values_list("issue_id", "state").annotate(number=models.Count("pk"))
        return {(issue, state): number for issue, state, number in rows}


class Delivery(QueuedMail):
    """One issue to one subscriber, at most once. Only the statements of `newsletter.sending` write it.

    `queued` with a lease: a worker has claimed it and not begun. `sending`: the worker has begun. If the lease expires
    then, it becomes `unknown`: the server may have accepted it, and it is sent again only if an editor decides so.
    """

    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.SET_NULL, null=True, related_name="deliveries")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["issue", "subscriber"], name="newsletter_delivery_once"),
            models.CheckConstraint(name="newsletter_delivery_state_known", condition=Q(state__in=SendState.values)),
            models.CheckConstraint(
                name="newsletter_delivery_tells_why",
                condition=~Q(state__in=[SendState.FAILED, SendState.UNKNOWN]) | ~Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"], name="newsletter_delivery_queue", condition=Q(state="queued")
            ),
            models.Index(fields=["leased_until_at"], name="newsletter_delivery_begun", condition=Q(state="sending")),
            models.Index(fields=["issue", "state"], name="newsletter_delivery_of_issue"),
        ]

    def __str__(self) -> str:
        return f"issue {self.issue_id} to subscriber {self.subscriber_id}: {self.state}"


class Pace(models.Model):
    """When the next message may be sent, if NEWSLETTER_MAILS_PER_SECOND limits the rate of all workers: one row."""

    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"from {self.free_at}"
