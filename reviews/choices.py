"""The choices of reviews' fields. They live outside the models so that code without queries can import them."""

from django.db import models


class Verdict(models.TextChoices):
    """There is no third answer."""

    SHIP = "ship", "Ship"
    SKIP = "skip", "Skip"


class Outcome(models.TextChoices):
    OPEN = "open", "Open"
    RIGHT = "right", "Right"
    WRONG = "wrong", "Wrong"
    VOID = "void", "Void"
