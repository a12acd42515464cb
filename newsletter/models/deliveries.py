"""Who gets an issue, and whether it went out."""

from django.db import models
from django.db.models import Q

from newsletter.models.issues import Issue
from newsletter.models.queue import QueuedMail, State
from newsletter.models.subscribers import Subscriber


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unknown(self) -> "DeliveryQuerySet":
        return self.filter(state=State.UNKNOWN)

    def counts(self) -> dict[tuple[int, str], int]:
        """How many there are of each issue (its id) and state."""
        rows = self.order_by().values_list("issue_id", "state").annotate(number=models.Count("pk"))
        return {(issue, state): number for issue, state, number in rows}


class Delivery(QueuedMail):
    """One issue to one subscriber, at most once. Written by the statements of `newsletter.sending`.

    `queued` and a lease: a worker has it in hand and has not begun. `sending`: it has begun. A lease that runs out
    then leaves it `unknown`: the server may have taken it, and it is not sent again unless an editor says so.
    """

    issue = models.ForeignKey(Issue, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.SET_NULL, null=True, related_name="deliveries")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["issue", "subscriber"], name="newsletter_delivery_once"),
            models.CheckConstraint(name="newsletter_delivery_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="newsletter_delivery_tells_why",
                condition=~Q(state__in=[State.FAILED, State.UNKNOWN]) | ~Q(reason=""),
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
    """When the next mail may go out, while NEWSLETTER_MAILS_PER_SECOND holds all workers to it: one row."""

    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"from {self.free_at}"
