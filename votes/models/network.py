from django.db import models


class NetworkKey(models.Model):
    """The key that hashes networks on one day. Its id is random too: a crash empties the table, and ids would recur."""

    id = models.UUIDField(primary_key=True)
    day_on = models.DateField(unique=True)
    secret = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.day_on}"
