"""Who may do what: the four groups and their permissions, which a migration writes into the database.

Permissions are strings because this app imports no other. To add one, extend RIGHTS, run `apply_groups` again in a
migration that depends on the one that creates the permission, and copy the table that tests/accounts/test_groups.py
prints into docs/editors.md.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.management import create_permissions

REVIEWER, EDITOR, MODERATOR, ADMINISTRATOR = GROUPS = ("Reviewer", "Editor", "Moderator", "Administrator")


@dataclass(frozen=True, slots=True)
class Right:
    """An activity at the desk: its description, its permissions (`app.codename`), and the groups that have it."""

    description: str
    permissions: tuple[str, ...]
    groups: tuple[str, ...]


def _permissions(model: str, actions: str = "view add change delete") -> tuple[str, ...]:
    app, _, name = model.partition(".")
    return tuple(f"{app}.{action}_{name}" for action in actions.split())


CONTENT = (EDITOR, ADMINISTRATOR)
RIGHTS = (
    Right(
        "See tools, plans, facts, categories, attributes, comparisons, and the panel, including drafts",
        (
            "tools.view_tool",
            "tools.view_plan",
            "tools.view_fact",
            "tools.view_category",
            "tools.view_attribute",
            "comparisons.view_comparison",
            "reviews.view_reviewer",
        ),
        (REVIEWER, *CONTENT),
    ),
    Right(
        "Write, change, and delete drafts of reviews with their predictions (a Reviewer: only for their own seat)",
        (*_permissions("reviews.review"), *_permissions("reviews.prediction")),
        (REVIEWER, *CONTENT),
    ),
    Right(
        "Publish, schedule, and withdraw reviews; see and change those of every seat",
        ("reviews.publish_review",),
        CONTENT,
    ),
    Right(
        "Add, change, and delete tools, plans, facts, categories, and attributes",
        (
            *_permissions("tools.tool", "add change delete"),
            *_permissions("tools.plan", "add change delete"),
            *_permissions("tools.fact", "add change delete"),
            *_permissions("tools.category", "add change delete"),
            *_permissions("tools.attribute", "add change delete"),
        ),
        CONTENT,
    ),
    Right("Publish, schedule, and withdraw tools", ("tools.publish_tool",), CONTENT),
    Right("Add, change, and delete comparisons", _permissions("comparisons.comparison", "add change delete"), CONTENT),
    Right("Publish, schedule, and withdraw comparisons", ("comparisons.publish_comparison",), CONTENT),
    Right("Publish despite the gate, with a reason", ("tools.override_gate",), CONTENT),
    Right("Write corrections that readers see", _permissions("tools.correction"), CONTENT),
    Right(
        "Change the panel: its seats and who holds them", _permissions("reviews.reviewer", "add change delete"), CONTENT
    ),
    Right("Import catalog files and spreadsheets", ("tools.import_catalog",), CONTENT),
    Right("See who subscribes to the newsletter", ("newsletter.view_subscriber",), CONTENT),
    Right(
        "Compose, edit, preview, and delete drafts of the newsletter; see delivery progress",
        (
            *_permissions("newsletter.issue"),
            "newsletter.view_delivery",
            "newsletter.view_outbox",
            "newsletter.view_worker",
            "newsletter.view_suppression",
        ),
        CONTENT,
    ),
    Right("Send, pause, resume, and stop issues", ("newsletter.send_issue",), CONTENT),
    Right(
        "Erase subscribers, and lift suppressions",
        ("newsletter.delete_subscriber", "newsletter.delete_suppression"),
        (ADMINISTRATOR,),
    ),
    Right(
        "See votes; release and reject held votes",
        ("votes.view_vote", "votes.view_tally", "votes.view_pairvote", "votes.moderate_vote"),
        (MODERATOR, ADMINISTRATOR),
    ),
    Right("Freeze the votes on a tool", ("votes.freeze_tool",), (MODERATOR, ADMINISTRATOR)),
    Right(
        "Create, change, and deactivate accounts, remove second factors, assign groups",
        (*_permissions("accounts.user"), *_permissions("auth.group")),
        (ADMINISTRATOR,),
    ),
)

# Users with one of these permissions need a second factor to enter the desk.
SECOND_FACTOR_PERMISSIONS = frozenset(
    {
        "tools.publish_tool",
        "reviews.publish_review",
        "comparisons.publish_comparison",
        "tools.override_gate",
        "tools.import_catalog",
        "accounts.change_user",
        "newsletter.send_issue",
    }
)


def permissions_of(group: str) -> frozenset[str]:
    """Return the names (`app.codename`) of all permissions of one of GROUPS."""
    return frozenset(name for right in RIGHTS if group in right.groups for name in right.permissions)


def render_table() -> str:
    """Return who may do what as the Markdown table of docs/editors.md."""
    head = "| what | " + " | ".join(GROUPS) + " |"
    rule = "|---" * (len(GROUPS) + 1) + "|"
    rows = [
        f"| {right.description} | " + " | ".join("yes" if group in right.groups else "—" for group in GROUPS) + " |"
        for right in RIGHTS
    ]
    return "\n".join([head, rule, *rows]) + "\n"


def apply_groups(apps: Any, schema_editor: Any) -> None:
    """Give each group exactly the permissions of RIGHTS, for RunPython. Idempotent.

    On an empty database, Django creates permissions only after all migrations, so this creates those of the apps
    concerned. Permissions of a later migration are left for a run after it; a test checks that none is missing.
    """
    using = schema_editor.connection.alias
    labels = {name.partition(".")[0] for right in RIGHTS for name in right.permissions}
    for config in apps.get_app_configs():
        if config.label in labels:
            # An app in a migration has no models module, without which Django creates no permissions.
            models_module = getattr(config, "models_module", None)
            config.models_module = models_module or True
            create_permissions(config, verbosity=0, using=using, apps=apps)
            config.models_module = models_module

    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in apps.get_model("auth", "Permission").objects.using(using).select_related("content_type")
    }
    for name in GROUPS:
        group, _ = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)
        group.permissions.set(known[permission] for permission in permissions_of(name) if permission in known)
