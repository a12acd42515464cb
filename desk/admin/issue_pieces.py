"""The pieces of an issue at the desk: as its form lists them, the buttons that move them, and the page of one."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from desk.admin.issue_access import get_change_url, reset_ready
from desk.idempotency import answer_once
from newsletter import pieces, writing
from newsletter.composing import MAX_SENTENCE_LENGTH
from newsletter.content import KINDS, NewsItem, group_by_kind, parse_pieces
from newsletter.issuing import IssueActionError
from newsletter.models import Issue
from newsletter.warnings import find_warnings
from web.fields import LineField, MultilineField
from web.http import SeeOther
from web.normalize import normalize_line

BUTTON = "_piece"  # its value is a word of PIECE_ACTIONS and the key of a piece, or of SECTION_ACTIONS and a kind
MAX_TEXT_LENGTH = 4000

PIECE_ACTIONS: dict[str, Callable[[list[NewsItem], str], list[NewsItem]]] = {
    "first": partial(pieces.move, by=-(10**6)),
    "up": partial(pieces.move, by=-1),
    "down": partial(pieces.move, by=1),
    "out": pieces.leave_out,
    "back": pieces.put_back,
}
SECTION_ACTIONS = {"raise": partial(pieces.move_section, by=-1), "lower": partial(pieces.move_section, by=1)}


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A piece as the form lists it: as readers get it, and what an editor should know about it."""

    piece: NewsItem
    warnings: list[str]

    @property
    def edited(self) -> NewsItem:
        return self.piece.edited

    @property
    def is_reworded(self) -> bool:
        return bool(self.piece.own_title or self.piece.own_words)


@dataclass(frozen=True, slots=True)
class PieceSection:
    """The pieces of a kind. `kind` is what its buttons name it by."""

    kind: str
    rows: list[PieceRow]

    @property
    def title(self) -> str:
        return KINDS[self.kind][0]


class PieceForm(forms.Form):
    """An editor's words for one piece. What equals the composed words, or is empty, follows the composed words."""

    title = LineField(
        label="Headline",
        max_length=MAX_SENTENCE_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    text = MultilineField(
        max_length=MAX_TEXT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField"}),
        help_text="Plain text. Each line is a paragraph.",
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    @property
    def words(self) -> tuple[str, ...]:
        """The paragraphs that were typed."""
        return tuple(filter(None, map(normalize_line, self.cleaned_data["text"].splitlines())))


def list_sections(issue: Issue) -> list[PieceSection]:
    """Return the pieces of an issue as its form lists them, those left out included."""
    listed = parse_pieces(issue.content)
    warnings = find_warnings(listed, since=issue.since_at or issue.composed_at, at=timezone.now()) if listed else {}
    return [
        PieceSection(kind, [PieceRow(piece, warnings.get(piece.key, [])) for piece in group])
        for kind, group in group_by_kind(listed).items()
    ]


def list_warned(issue: Issue) -> list[PieceRow]:
    """Return the pieces that readers would get and that an editor should look at first."""
    rows = [row for section in list_sections(issue) for row in section.rows]
    return [row for row in rows if row.warnings and not row.piece.is_left_out]


def answer_piece_button(request: HttpRequest, issue: Issue) -> HttpResponse | None:
    """Do what a button of a piece or of a section does; None if none was pressed. Pressed twice, it does it once."""
    act, _, key = request.POST.get(BUTTON, "").partition(" ")
    if act == "edit":
        return SeeOther(reverse("admin:newsletter_issue_piece", args=[issue.pk, key]))
    how = PIECE_ACTIONS.get(act) or SECTION_ACTIONS.get(act)
    if how is None:
        return None
    try:
        writing.change_pieces(issue=issue, how=lambda listed: how(listed, key))
    except IssueActionError as error:
        messages.error(request, str(error))
    else:
        reset_ready(request, issue)
    place = f"piece-{key}" if act in PIECE_ACTIONS else f"section-{key}"
    return SeeOther(f"{get_change_url(issue)}#{place}")


def show_piece(model_admin: admin.ModelAdmin, request: HttpRequest, issue: Issue, key: str) -> HttpResponse:
    """Show the form of one piece, and save it."""
    if not model_admin.has_change_permission(request, issue):
        raise PermissionDenied
    piece = next((piece for piece in parse_pieces(issue.content) if piece.key == key), None)
    if piece is None:
        raise Http404
    return answer_once(request, partial(_answer_piece, model_admin, request, issue, piece))


def _answer_piece(model_admin: admin.ModelAdmin, request: HttpRequest, issue: Issue, piece: NewsItem) -> HttpResponse:
    version = _compute_version(piece)
    own = {"title": normalize_line(piece.edited.title), "text": "\n".join(map(normalize_line, piece.edited.words))}
    form = PieceForm(request.POST or None, initial=own | {"seen": version}, label_suffix="")
    theirs = None
    if request.method == "POST" and "_composed" in request.POST:
        return _save(request, issue, piece, title="", words=())
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["seen"] in ("", version):
            return _save(request, issue, piece, title=form.cleaned_data["title"], words=form.words)
        theirs = piece.edited
        form.data = {**request.POST.dict(), "seen": version}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"{issue}: {piece.edited.title}",
        "opts": Issue._meta,
        "issue": issue,
        "piece": piece,
        "form": form,
        "theirs": theirs,
        "is_reworded": bool(piece.own_title or piece.own_words),
    }
    return render(request, "desk/newsletter/piece.html", context, status=409 if theirs else 200)


def _save(request: HttpRequest, issue: Issue, piece: NewsItem, *, title: str, words: tuple[str, ...]) -> HttpResponse:
    try:
        writing.change_pieces(
            issue=issue, how=lambda listed: pieces.reword(listed, piece.key, title=title, words=words)
        )
    except IssueActionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{title or piece.title}” is saved.")
        reset_ready(request, issue)
    return SeeOther(f"{get_change_url(issue)}#piece-{piece.key}")


def _compute_version(piece: NewsItem) -> str:
    """Return what differs whenever the words of a piece do."""
    return hashlib.sha256(repr((piece.edited.title, piece.edited.words)).encode()).hexdigest()
