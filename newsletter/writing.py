"""What editors do with an issue before it is sent, other than composing it: write, duplicate, and change its pieces."""

from collections.abc import Callable
from dataclasses import replace

from newsletter import composing
from newsletter.content import NewsItem, parse_pieces
from newsletter.issuing import IssueActionError, replace_pieces
from newsletter.models import UNSENT, Issue, IssueState
from web import locks
from web.locks import Lock


@locks.limited_atomic()
def write_issue() -> Issue:
    """Create an empty draft, to be written by hand. Raises IssueActionError while another issue is not sent."""
    return _save_draft(Issue())


@locks.limited_atomic()
def duplicate(*, issue: Issue) -> Issue:
    """Create a draft with the words and pieces of an issue. Raises IssueActionError while another is not sent.

    The pieces of a stopped issue are for readers who did not get them. Those of any other issue start as left out: an
    editor decides which of them to report again.
    """
    pieces = [
        piece if issue.state == IssueState.STOPPED else replace(piece, is_left_out=True)
        for piece in composing.note_told(parse_pieces(issue.content))
    ]
    copy = Issue(subject=issue.subject, lead=issue.lead, content=issue.content)
    replace_pieces(copy, pieces)
    return _save_draft(copy)


def _save_draft(issue: Issue) -> Issue:
    locks.hold(Lock.COMPOSING)
    unsent = Issue.objects.filter(state__in=UNSENT).first()
    if unsent is not None:
        is_draft = unsent.state == IssueState.DRAFT
        now, what = ("a draft", "Send it or delete it first") if is_draft else ("ready to be sent", "Send it first")
        raise IssueActionError(f"{unsent} is {now} already. {what}.")
    issue.number = Issue.objects.next_number()
    issue.save()
    return issue


@locks.limited_atomic()
def change_pieces(*, issue: Issue, how: Callable[[list[NewsItem]], list[NewsItem]]) -> None:
    """Change the pieces of an issue, and a composed subject with them. Raises IssueActionError if it is being sent."""
    found = Issue.objects.select_for_update(of=("self",), no_key=True).get(pk=issue.pk)
    if found.is_out:
        raise IssueActionError(f"{found} is already being sent. Its pieces can no longer change.")
    replace_pieces(found, how(parse_pieces(found.content)))
    found.save(update_fields=["subject", "content"])
