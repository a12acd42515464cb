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
