"""The models of the catalog. Each module is one kind of thing; the rest of the site imports them from here."""

from tools.models.constraints import (
    CURRENCY_PATTERN,
    WEB_ADDRESS_PATTERN,
    is_web_address,
    unique_name_constraint,
    web_address_constraint,
)
from tools.models.corrections import Correction, CorrectionQuerySet
from tools.models.revision import ContentRevision
from tools.models.sourced import (
    AlreadySupersededError,
    Attribute,
    Fact,
    Period,
    Plan,
    PlanKind,
    Sourced,
    StandingQuerySet,
)
from tools.models.tool import Category, CategoryQuerySet, Tool, ToolQuerySet

__all__ = [
    "CURRENCY_PATTERN",
    "WEB_ADDRESS_PATTERN",
    "AlreadySupersededError",
    "Attribute",
    "Category",
    "CategoryQuerySet",
    "ContentRevision",
    "Correction",
    "CorrectionQuerySet",
    "Fact",
    "Period",
    "Plan",
    "PlanKind",
    "Sourced",
    "StandingQuerySet",
    "Tool",
    "ToolQuerySet",
    "is_web_address",
    "unique_name_constraint",
    "web_address_constraint",
]
