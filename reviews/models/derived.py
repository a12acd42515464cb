"""What is derived from reviews and stored: which tools they name, and which verdicts they flip."""

from django.db import models

from reviews.models.review import Review
from tools.models import Tool


class Mention(models.Model):
    """A review that names a tool other than its own (`reviews.actions.note_mentions`). The two may be rivals."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="mentions", db_index=False)
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="mentions")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "tool"], name="reviews_mention_once")]

    def __str__(self) -> str:
        return f"review {self.review_id} names tool {self.tool_id}"


class Flip(models.Model):
    """An edition that flips the verdict of the edition before. Only triggers write it (reviews/sql/flips.sql)."""

    review = models.OneToOneField(Review, on_delete=models.CASCADE, primary_key=True)
    before = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="+")
    tool = models.ForeignKey(Tool, on_delete=models.CASCADE, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-published_at", "-review"], name="reviews_flip_newest")]

    def __str__(self) -> str:
        return f"review {self.review_id} says the opposite of {self.before_id}"
