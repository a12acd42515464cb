"""The choices of reviews' fields. They live outside the models so that code without queries can import them."""

from django.db import models


class Verdict(models.TextChoices):
    """A verdict. There is no third value."""

    SHIP = "ship", "Ship"
    SKIP = "skip", "Skip"


class Behind(models.TextChoices):
    """Who is behind a seat."""

    PERSON = "person", "A person"
    PERSONA = "persona", "An editorial persona"
    ASSISTED = "assisted", "An AI-assisted persona"


class Basis(models.TextChoices):
    """How a seat knows what it says. Editions from before this was recorded have none."""

    PRODUCTION = "production", "Used in production"
    TRIED = "tried", "Tried"
    READ = "read", "Read only: documentation, code, tracker"


class Outcome(models.TextChoices):
    """The outcome of a prediction, which is open until an editor judges it."""

    OPEN = "open", "Open"
    RIGHT = "right", "Right"
    WRONG = "wrong", "Wrong"
    VOID = "void", "Void"
