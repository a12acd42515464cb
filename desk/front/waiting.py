"""What waits for a person, on top of the front page, and what they wait for themselves."""

from typing import TypeGuard

from accounts.models import User
from desk.front.front_list import MAX_ITEMS, FrontList, Viewer, format_since, join_notes
from desk.items import DeskItem
from desk.permissions import AnyUser, may_see
from handovers.people import PUBLISH_PERMISSIONS
from handovers.waiting import build_address, list_handed_over, list_waiting, name_content


def _takes_part(user: AnyUser) -> TypeGuard[User]:
    return isinstance(user, User) and any(may_see(user, model) for model in PUBLISH_PERMISSIONS)


def list_what_waits(viewer: Viewer) -> FrontList | None:
    """Return the drafts to decide about or to rework, answers, and mentions. None for a user who may see no content."""
    user = viewer.user
    if not _takes_part(user):
        return None
    found, total = list_waiting(user, now=viewer.now, most=MAX_ITEMS)
    shown = found[:MAX_ITEMS]
    return FrontList(
        slug="waiting",
        title="Waiting for you",
        items=[
            DeskItem(
                waiting.name,
                waiting.address,
                join_notes(
                    f"{waiting.happened} {format_since(waiting.at, now=viewer.now)}",
                    f"“{waiting.words}”" if waiting.words else "",
                ),
            )
            for waiting in shown
        ],
        total=total,
        empty="Nobody waits for you.",
        button=("admin:waiting_read", "Mark news as read") if any(waiting.is_news for waiting in shown) else None,
    )


def list_own_hand_overs(viewer: Viewer) -> FrontList | None:
    """Return the user's hand-overs that no editor has decided about yet; None without any."""
    if not _takes_part(viewer.user):
        return None
    rows, total = list_handed_over(viewer.user, most=MAX_ITEMS)
    items = [
        DeskItem(
            name_content(row.content),
            build_address(row.content),
            f"handed over {format_since(row.handed_over_at, now=viewer.now)}",
        )
        for row in rows
    ]
    return FrontList("handed-over", "Waiting for an editor", items, total, empty="") if items else None
