from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import connection

from accounts.groups import GROUPS, RIGHTS, TRUSTED_WITH, apply_groups, as_table, permissions_of
from tests.accounts.people import person

pytestmark = pytest.mark.django_db
EDITORS = Path(__file__).resolve().parents[2] / "docs" / "editors.md"


def in_database() -> dict[str, set[str]]:
    return {
        group.name: {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
        for group in Group.objects.prefetch_related("permissions__content_type")
    }


def test_a_migration_makes_the_groups_as_the_table_says():
    operations = import_module("accounts.migrations.0002_groups").Migration.operations
    assert apply_groups in [getattr(operation, "code", None) for operation in operations]
    assert in_database() == {group: permissions_of(group) for group in GROUPS}


def test_every_permission_of_the_table_exists():
    exist = {f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.select_related("content_type")}
    assert {name for right in RIGHTS for name in right.permissions} - exist == set()
    assert exist >= TRUSTED_WITH


def test_groups_are_applied_again_exactly():
    before = in_database()
    editor = Group.objects.get(name="Editor")
    editor.permissions.add(Permission.objects.get(codename="delete_user"))
    editor.permissions.remove(Permission.objects.get(codename="publish_tool"))
    Group.objects.get(name="Moderator").delete()
    with connection.schema_editor() as schema_editor:
        apply_groups(apps, schema_editor)
        apply_groups(apps, schema_editor)
    assert in_database() == before


def test_administrators_may_all_that_anybody_may():
    for group in GROUPS:
        assert permissions_of(group) <= permissions_of("Administrator")


@pytest.mark.parametrize(
    ("group", "trusted"), [("Reviewer", False), ("Editor", True), ("Moderator", False), ("Administrator", True)]
)
def test_whoever_may_publish_is_trusted(group, trusted):
    assert bool(TRUSTED_WITH & permissions_of(group)) == trusted


def test_groups_give_their_members_what_they_say():
    user = person("Reviewer", "Moderator")
    assert user.get_all_permissions() == permissions_of("Reviewer") | permissions_of("Moderator")


def test_the_handbook_says_the_same():
    assert as_table() in EDITORS.read_text(), f"docs/editors.md, “Who may do what”, must hold:\n\n{as_table()}"
