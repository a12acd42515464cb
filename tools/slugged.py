"""What has a slug, and keeps its old ones working: tools, categories and reviewers."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from tools import slugs


def slug_constraint(*, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(slug__regex=rf"^{slugs.PATTERN}$"),
        violation_error_message="A slug is small letters, digits and single hyphens.",
    )


class FormerSlug(models.Model):
    """A slug that a tool, category or reviewer had before it was renamed, so that old links go on working.

    Rows are written by a trigger (tools/sql/slugs.sql), so that no way of renaming can forget one; the same
    trigger refuses a slug that somebody else used to have.
    """

    table = models.CharField(max_length=63)
    slug = models.CharField(max_length=slugs.MAX_LENGTH)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "slug"], name="tools_formerslug_once")]
        indexes = [models.Index(fields=["table", "object_id"], name="tools_formerslug_object")]

    def __str__(self) -> str:
        return f"{self.table}: {self.slug}"


class SluggedQuerySet(models.QuerySet[Any]):
    def by_slugs(self, *wanted: str) -> dict[str, Any]:
        """Find objects by slugs, current or former: {slug as asked: object}, without those that lead nowhere."""
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
    """What forms ask of a slug beyond its field, and a trigger asks anyway: that it is nobody else’s former one."""

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        former = FormerSlug.objects.filter(table=self._meta.db_table, slug=getattr(self, "slug", ""))
        if former.exclude(object_id=self.pk).exists():
            raise ValidationError({"slug": "Old links to something else lead over this slug; choose another."})
