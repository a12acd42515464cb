"""Models with a slug whose former slugs keep working: tools, categories, and reviewers."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from tools import slugs


def slug_constraint(*, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(slug__regex=rf"^{slugs.PATTERN}$"),
        violation_error_message="A slug consists of lowercase letters, digits, and single hyphens.",
    )


class FormerSlug(models.Model):
    """A slug that a tool, category, or reviewer had before it was renamed. Old links keep working through it.

    A trigger writes the rows (tools/sql/slugs.sql), so that no way of renaming can miss one. The same trigger rejects
    a slug that another object used to have.
    """

    table = models.CharField(max_length=63)
    slug = models.CharField(max_length=slugs.MAX_LENGTH, db_collation=slugs.COLLATION)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "slug"], name="tools_formerslug_once")]
        indexes = [models.Index(fields=["table", "object_id"], name="tools_formerslug_object")]

    def __str__(self) -> str:
        return f"{self.table}: {self.slug}"


class SluggedQuerySet(models.QuerySet[Any]):
    def by_slugs(self, *wanted: str) -> dict[str, Any]:
        """Return {slug: object} for current and former slugs, keyed as passed. Unknown slugs are left out."""
        found: dict[str, Any] = {row.slug: row for row in self.filter(slug__in=wanted)}
        if missing := set(wanted) - set(found):
            former = dict(
                FormerSlug.objects.filter(table=self.model._meta.db_table, slug__in=missing).values_list(
                    "slug", "object_id"
                )
            )
            rows = self.in_bulk(former.values())
            found |= {slug: rows[pk] for slug, pk in former.items() if pk in rows}
        return found

    def by_slug(self, slug: str) -> Any | None:
        """Return the object of a slug, current or former, or None."""
        return self.by_slugs(slug).get(slug)


class Slugged(models.Model):
    """Form validation of a slug: it must not be another object's former slug. A trigger enforces the same."""

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        former = FormerSlug.objects.filter(table=self._meta.db_table, slug=getattr(self, "slug", ""))
        if former.exclude(object_id=self.pk).exists():
            raise ValidationError({"slug": "Old links to something else use this slug; choose another."})
