"""Comparisons count as content (tools.ContentRevision)."""

from importlib import import_module

from django.db import migrations

earlier = import_module("tools.migrations.0002_revision_and_former_slugs")


class Migration(migrations.Migration):
    dependencies = [("comparisons", "0001_initial"), ("tools", "0002_revision_and_former_slugs")]

    operations = [earlier.bump_on("comparisons_comparison")]
