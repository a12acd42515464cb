"""The models of the catalog, one module per kind. The rest of the site imports them from here."""

from tools.models.attribute import Attribute, find_attribute_errors
from tools.models.constraints import (
    CURRENCY_PATTERN,
    WEB_ADDRESS_PATTERN,
    unique_name_constraint,
    validate_web_address,
    web_address_constraint,
)
from tools.models.corrections import Correction
from tools.models.plan import Plan, find_plan_errors
from tools.models.revision import ContentRevision, LiveRevision
from tools.models.sourced import (
    AlreadySupersededError,
    Fact,
    Sourced,
    SourcedQuerySet,
    find_misfits,
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
    "Fact",
    "LiveRevision",
    "Plan",
    "Sourced",
    "SourcedQuerySet",
    "Tool",
    "ToolQuerySet",
    "find_attribute_errors",
    "find_misfits",
    "find_plan_errors",
    "unique_name_constraint",
    "validate_web_address",
    "web_address_constraint",
]
