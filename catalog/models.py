"""Bulk changes: what one action changed in many rows, so that it can be inspected and undone as a whole."""

from django.conf import settings
from django.db import models
from django.utils import timezone

MAX_TITLE_LENGTH = 300  # characters


class BulkChangeKind(models.TextChoices):
    IMPORT = "import", "Import"
    ACTION = "action", "Action"
    UNDO = "undo", "Undo"
    RESTORE = "restore", "Restore"


class ChangeState(models.TextChoices):
    SELECTED = "selected", "Waits for its confirmation"
    RUNNING = "running", "Runs"
    DONE = "done", "Done"


class BulkChange(models.Model):
    """An import, an action on selected rows, or the undo of one.

    It knows the history events that it wrote (catalog/bulk_changes.py). An action on many rows is worked off in steps:
    what it still has to do is stored here too.
    """

    kind = models.CharField(max_length=7, choices=BulkChangeKind)
    title = models.CharField(max_length=MAX_TITLE_LENGTH, help_text="The name of the imported file, or what was done.")
    summary = models.TextField(blank=True, help_text="What became of the rows, in a sentence.")
    state = models.CharField(max_length=8, choices=ChangeState, default=ChangeState.DONE)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Empty: a command."
    )
    made_at = models.DateTimeField(default=timezone.now)
    undoes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="undos")
    versions = models.JSONField(
        default=dict, help_text="The ids of its history rows, as {model: [[first, last], …]}, such as `tools.plan`."
    )
    # Of an action that is worked off in steps.
    model = models.CharField(max_length=100, blank=True, help_text="The model of the selected rows: `tools.tool`.")
    action = models.CharField(max_length=30, blank=True)
    options = models.JSONField(default=dict, help_text="What the editor entered, such as a reason.")
    waiting = models.JSONField(default=list, help_text="The ids of the rows whose turn is still to come.")
    selected = models.PositiveIntegerField(default=0, help_text="How many rows were selected.")
    done = models.PositiveIntegerField(default=0)
    left = models.JSONField(default=list, help_text="The rows that were left unchanged, as [name, reason].")

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["-made_at", "-id"], name="catalog_bulkchange_newest")]

    def __str__(self) -> str:
        return self.title
