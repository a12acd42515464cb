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


class Meter(models.TextChoices):
    """What a rate counts. The label is what a bill counts it in: `2,000 requests`."""

    INPUT = "input", "input tokens"
    CACHED_INPUT = "cached-input", "cached input tokens"
    OUTPUT = "output", "output tokens"
    REQUEST = "request", "requests"
    CREDIT = "credit", "credits"
    IMAGE = "image", "images"
    PAGE = "page", "pages"
    CHARACTER = "character", "characters"
    MINUTE = "minute", "minutes"
    GIGABYTE = "gigabyte", "GB"
    VECTOR = "vector", "vectors"
    GPU_HOUR = "gpu-hour", "GPU hours"


class Beyond(models.TextChoices):
    """What happens to usage beyond what a plan includes."""

    COSTS = "costs", "costs"
    STOPS = "stops", "stops"
    SLOWS = "slows", "slows down"
