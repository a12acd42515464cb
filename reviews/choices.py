"""The choices of reviews' fields. They live outside the models so that code without queries can import them."""

from django.db import models


class Verdict(models.TextChoices):
    """A verdict. There is no third value."""

    SHIP = "ship", "Ship"
    SKIP = "skip", "Skip"


class Outcome(models.TextChoices):
    """The outcome of a prediction, which is open until an editor judges it."""

    OPEN = "open", "Open"
    RIGHT = "right", "Right"
    WRONG = "wrong", "Wrong"
    VOID = "void", "Void"
