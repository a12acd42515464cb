from django.db import models


class Amount(models.Model):
    """A count of votes or requests since an hour or a day began. `votes.limits` counts, and explains the table.

    Kinds: `asked` (requests per network and hour), `network` (new votes per network and hour), `tool` and `pair` (new
    votes per network, tool or pair, and day), `burst` (new votes per tool or pair and hour, except votes that another
    limit holds).
    """

    pk = models.CompositePrimaryKey("kind", "subject", "starts_at")
    kind = models.CharField(max_length=7)
    subject = models.CharField(max_length=60)
    starts_at = models.DateTimeField()
    number = models.IntegerField()
    usual = models.FloatField(null=True, help_text="For a burst: the median hour of the last seven days.")

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.number}"
