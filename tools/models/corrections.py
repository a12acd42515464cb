"""Corrections: mistakes about tools that we made and fixed."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tools.models.tool import Tool
from tools.row_history import History


class Correction(models.Model):
    """A mistake about a tool that we corrected, described for readers. It is never edited; another one can follow.

    A trigger enforces that (tools/sql/history.sql).
    """

    tool = models.ForeignKey(Tool, on_delete=models.PROTECT, related_name="corrections")
    note = models.CharField(max_length=500, help_text="What was wrong and what is right. Readers see this text.")
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    history = History()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["-made_at", "-id"], name="tools_correction_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["tool", "made_at"],
                name="tools_correction_once",
                violation_error_message="This tool already has a correction with that exact time.",
            ),
            models.CheckConstraint(
                name="tools_correction_note_not_empty",
                condition=~Q(note=""),
                violation_error_message="A correction must say what was wrong.",
            ),
        ]

    def __str__(self) -> str:
        return self.note
