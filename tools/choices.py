"""The choices of tools' fields. They live outside the models so that code without queries can import them."""

from django.db import models


class PlanKind(models.TextChoices):
    FREE = "free", "Free"
    PAID = "paid", "Paid"
    CONTACT = "contact", "Contact sales"


class Period(models.TextChoices):
    ONCE = "once", "Once"
    MONTH = "month", "Month"
    YEAR = "year", "Year"
    USAGE = "usage", "Usage"


class AttributeKind(models.TextChoices):
    """What the values of an attribute are."""

    TEXT = "text", "Text"
    CHOICE = "choice", "Choice"
    GRADE = "grade", "Yes, partly, or no"
    NUMBER = "number", "Number"
    VERSION = "version", "Version"
    DAY = "day", "Day"


class Grade(models.TextChoices):
    YES = "yes", "Yes"
    PARTLY = "partly", "Partly"
    NO = "no", "No"


class Better(models.TextChoices):
    """Which of two numbers is the better one."""

    HIGHER = "higher", "Higher is better"
    LOWER = "lower", "Lower is better"
