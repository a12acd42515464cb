from django.db import models
from django.db.models import Q

from tools.models import Tool


class LedgerHour(models.Model):
    """Counts of the votes first cast on a tool in an hour (UTC), per state and class of rejection, in slots.

    Only triggers on `votes_vote` write here, together with the tally and in the same slots (votes/sql/tally.sql). Votes
    that were taken back are in no row.
    """

    pk = models.CompositePrimaryKey("tool_id", "hour_at", "state", "rejected_for", "slot")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="ledger", db_index=False)
    hour_at = models.DateTimeField()
    state = models.CharField(max_length=8)
    rejected_for = models.CharField(max_length=9, blank=True)
    slot = models.PositiveSmallIntegerField()
    ship = models.IntegerField()
    skip = models.IntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="votes_ledger_not_negative", condition=Q(ship__gte=0, skip__gte=0))]

    def __str__(self) -> str:
        return f"tool {self.tool_id}, {self.hour_at:%Y-%m-%d %H}:00, {self.state}: {self.ship} ship, {self.skip} skip"
