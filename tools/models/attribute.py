"""Attributes: what facts are about, and what values they can have."""

from collections.abc import Sequence

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from tools import slugs
from tools.choices import AttributeKind, Better
from tools.models.constraints import unique_name_constraint
from tools.models.tool import Category
from tools.row_history import History
from tools.slugged import slug_constraint
from tools.values import MAX_ALIAS_LENGTH, MAX_NEED_LENGTH, Option, Scale, read_alias, read_options


def find_attribute_errors(
    *, kind: str, options: Sequence[Option], several: bool, unit: str, better: str, aliases: Sequence[str] = ()
) -> dict[str, str]:
    """Return a message per field of an attribute that contradicts its kind; {} if the attribute is consistent.

    This is the rule that the constraints of `Attribute` enforce, in words for forms and files.
    """
    errors = {}
    if kind == AttributeKind.CHOICE:
        if not options:
            errors["choices"] = "An attribute of the kind Choice needs its choices."
        elif len({option.slug for option in options}) < len(options):
            errors["choices"] = "Two choices have the same slug."
        elif len({option.name.casefold() for option in options}) < len(options):
            errors["choices"] = "Two choices have the same name."
    else:
        if options:
            errors["choices"] = "Only an attribute of the kind Choice has choices."
        if several:
            errors["several"] = "Only an attribute of the kind Choice can have several values."
    if kind != AttributeKind.NUMBER:
        if unit:
            errors["unit"] = "Only a number has a unit."
        if better:
            errors["better"] = "Only a number can be better than another."
    slugs_of_choices = {"", *(option.slug for option in options)}
    if unknown := [alias for alias in aliases if read_alias(alias).choice not in slugs_of_choices]:
        errors["aliases"] = f"“{unknown[0]}” does not end in the slug of a choice."
    return errors


class Attribute(models.Model):
    """A property that tools of certain categories have, so that facts of two tools line up in one table.

    Its constraints are stated in words by `find_attribute_errors`.
    """

    # What editors write about an attribute besides its slug, in the order of forms and files.
    OWN_FIELDS = (
        "name",
        "kind",
        "heading",
        "explanation",
        "decides",
        "need",
        "several",
        "choices",
        "unit",
        "better",
        "aliases",
    )

    slug = models.CharField(
        max_length=slugs.MAX_LENGTH, unique=True, validators=[slugs.validate_slug], db_collation=slugs.COLLATION
    )
    name = models.CharField(max_length=100)
    categories = models.ManyToManyField(Category, related_name="attributes", blank=True)
    kind = models.CharField(max_length=7, choices=AttributeKind, default=AttributeKind.TEXT)
    heading = models.CharField(
        max_length=100, blank=True, help_text="Attributes under the same heading stand together, such as “Terms”."
    )
    explanation = models.CharField(
        max_length=300, blank=True, help_text="One sentence that tells readers what this is and why it matters."
    )
    decides = models.BooleanField(
        default=False, help_text="A difference in it can decide for one tool: it is named under “Pick A if”."
    )
    need = models.CharField(
        max_length=MAX_NEED_LENGTH,
        blank=True,
        help_text="What a reader needs for whom it decides, such as “you must host it yourself”. For choices that have "
        "no words of their own: words that the name of a choice completes, such as “you write”.",
    )
    several = models.BooleanField(
        "several values", default=False, help_text="One tool may have several of the choices at once."
    )
    choices = models.JSONField(
        default=list,
        blank=True,
        help_text='A list of {"slug", "name", "need"}, in the order in which readers see them; "need" is optional.',
    )
    unit = models.CharField(max_length=50, blank=True, help_text="What the number counts, such as “tokens”.")
    better = models.CharField(max_length=6, choices=Better, blank=True)
    aliases = ArrayField(
        models.CharField(max_length=MAX_ALIAS_LENGTH),
        default=list,
        blank=True,
        help_text="What else people call it when they search, such as “SSO”; of a choice “ASL = apache-2.0”.",
    )

    history = History(m2m_fields=[categories])

    class Meta:
        ordering = ["pk"]
        constraints = [
            slug_constraint(name="tools_attribute_slug_shape"),
            unique_name_constraint(name="tools_attribute_name_once"),
            models.CheckConstraint(
                name="tools_attribute_choices_fit_kind",
                condition=(Q(kind=AttributeKind.CHOICE) & ~Q(choices=[]))
                | (~Q(kind=AttributeKind.CHOICE) & Q(choices=[])),
                violation_error_message="An attribute has choices if and only if it is of the kind Choice.",
            ),
            models.CheckConstraint(
                name="tools_attribute_several_choices",
                condition=Q(several=False) | Q(kind=AttributeKind.CHOICE),
                violation_error_message="Only an attribute of the kind Choice can have several values.",
            ),
            models.CheckConstraint(
                name="tools_attribute_unit_of_number",
                condition=Q(unit="", better="") | Q(kind=AttributeKind.NUMBER),
                violation_error_message="Only a number has a unit and can be better than another.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise ValidationError for fields that contradict the kind."""
        if errors := self.find_errors():
            raise ValidationError(errors)

    def find_errors(self) -> dict[str, str]:
        """Return a message per field that contradicts the kind; {} if the attribute is consistent."""
        return find_attribute_errors(
            kind=self.kind,
            options=self.options,
            several=self.several,
            unit=self.unit,
            better=self.better,
            aliases=self.aliases,
        )

    @property
    def options(self) -> tuple[Option, ...]:
        """The choices, in the order in which readers see them."""
        return read_options(self.choices)

    @property
    def scale(self) -> Scale:
        """What values its facts can have."""
        return Scale(self.kind, self.options, several=self.several, unit=self.unit)
