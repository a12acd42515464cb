from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection

from accounts.groups import GROUPS, RIGHTS, SECOND_FACTOR_PERMISSIONS, apply_groups, permissions_of, render_table
from tests.accounts.people import person

pytestmark = pytest.mark.django_db
EDITORS = Path(__file__).resolve().parents[2] / "docs" / "editors.md"


def read_groups() -> dict[str, set[str]]:
    return {
        group.name: {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
        for group in Group.objects.prefetch_related("permissions__content_type")
    }


def test_migration_creates_the_groups_of_the_table():
    operations = import_module("accounts.migrations.0002_groups").Migration.operations
    assert apply_groups in [getattr(operation, "code", None) for operation in operations]
    assert read_groups() == {group: permissions_of(group) for group in GROUPS}


def test_every_permission_of_the_table_exists():
    existing = {f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.select_related("content_type")}
    assert {name for right in RIGHTS for name in right.permissions} - existing == set()
    assert existing >= SECOND_FACTOR_PERMISSIONS


def test_applying_groups_is_idempotent_and_exact():
    before = read_groups()
    editor = Group.objects.get(name="Editor")
    editor.permissions.add(Permission.objects.get(codename="delete_user"))
    editor.permissions.remove(Permission.objects.get(codename="publish_tool"))
    Group.objects.get(name="Moderator").delete()
    with connection.schema_editor() as schema_editor:
        apply_groups(apps, schema_editor)
        apply_groups(apps, schema_editor)
    assert read_groups() == before


def test_administrators_have_every_permission_of_other_groups():
    for group in GROUPS:
        assert permissions_of(group) <= permissions_of("Administrator")


@pytest.mark.parametrize(
    ("group", "required"), [("Reviewer", False), ("Editor", True), ("Moderator", False), ("Administrator", True)]
)
def test_publishing_groups_need_a_second_factor(group, required):
    assert bool(SECOND_FACTOR_PERMISSIONS & permissions_of(group)) == required


def test_members_have_the_permissions_of_their_groups():
    user = person("Reviewer", "Moderator")
    assert user.get_all_permissions() == permissions_of("Reviewer") | permissions_of("Moderator")


def test_handbook_has_the_current_table():
    assert render_table() in EDITORS.read_text(), f"docs/editors.md, “Who may do what”, must hold:\n\n{render_table()}"
