"""The choices of this app's forms. They live outside the models so that code without queries can import them."""

from django.db import models


class ChangeKind(models.TextChoices):
    """The kinds of changes. Each stands in the query string of the list, and in its feeds."""

    VERDICTS = "verdicts", "Verdicts"
    PRICES = "prices", "Prices"
    NO_LONGER_FREE = "no-longer-free", "No longer free"
    FACTS = "facts", "Facts"
    CORRECTIONS = "corrections", "Corrections"
    TOOLS = "tools", "New tools"


class ChangeOrigin(models.IntegerChoices):
    """What a change is read from. Changes of one instant are in this order, the last first."""

    TOOL = 0, "a tool that was published"
    FLIP = 1, "a verdict that flipped"
    PLAN = 2, "a plan that was superseded"
    NEW_PLAN = 3, "a plan that was added to a public tool"
    FACT = 4, "a fact that was superseded"
    NOTE = 5, "a correction that an editor wrote"
