"""The page of an object's hand-over: its state, what was said, and what its user may do about it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts.models import User
from desk.admin_pages import AdminPages
from desk.content import Content
from desk.idempotency import answer_once
from desk.shapes import Posted
from handovers import actions
from handovers.actions import HandOverError, Told
from handovers.models import MAX_COMMENT_LENGTH, HandOver, HandOverState, find_pending_change, name_person
from handovers.people import list_people, may_decide, may_take_part
from handovers.waiting import name_content
from tools.publishing import PublicationState
from web.fields import LineField, MultilineField
from web.words import format_moment, join_words

if TYPE_CHECKING:
    from desk.publishing.admin import PublishingAdmin

_STATES = {
    HandOverState.WAITING: "Waits for an editor, handed over by",
    HandOverState.RETURNED: "Handed back by",
    HandOverState.ACCEPTED: "Accepted by",
}


class CommentForm(forms.Form):
    """What somebody says, and what they do: the buttons are named `act`. Comments and hand-backs need words."""

    text = MultilineField(
        label="Comment",
        required=False,
        max_length=MAX_COMMENT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField"}),
    )
    act = LineField()
    seen = LineField(required=False)

    def __init__(self, data: Posted | None = None, *, acts: list[str]) -> None:
        super().__init__(data, label_suffix="")
        self.acts = acts

    def clean(self) -> None:
        act = self.cleaned_data.get("act")
        if act in ("comment", "hand_back") and not self.cleaned_data.get("text") and not self.has_error("text"):
            why = "Say what should change." if act == "hand_back" else "Write a comment first."
            self.add_error("text", why)


class HandOverPages(AdminPages):
    """The page of each object of a ModelAdmin where drafts are handed over and objects are commented on."""

    admin: "PublishingAdmin"

    def urls(self) -> list[URLPattern]:
        view = self.site.admin_view(self.hand_over_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_hand_over"
        return [path("<path:object_id>/hand-over/", view, name=name)]

    def get_url(self, content: Content, page: str = "hand_over") -> str:
        """Return the address of the hand-over of an object, or of another page of its ModelAdmin."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=[quote(content.pk)], current_app=self.site.name)

    def build_panel(self, request: HttpRequest, content: Content) -> dict[str, object] | None:
        """Return the context of desk/_hand_over.html: where the hand-over stands, and the way to its page.

        None for a user who takes no part, and for public content with neither comments nor a pending change.
        Four queries at most.
        """
        if not may_take_part(request.user, content):
            return None
        found = HandOver.objects.about(content).with_content().first()
        if found is None and not _is_in_work(content):
            return None
        number = found.comments.exclude(text="").count() if found else 0
        may_change = self.admin.may_hand_over(request, content)
        acts = list_acts(cast("User", request.user), content, found, may_change=may_change)
        label = "Hand over…" if "hand_over" in acts else "Accept or hand back…" if "accept" in acts else "Comments…"
        return {
            "words": describe(found, content),
            "comments": number,
            "label": label if number or label != "Comments…" else "Comment…",
            "url": self.get_url(content),
        }

    def hand_over_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what was said about an object (GET), and add to it, hand it over, or decide (POST)."""
        content: Content | None = self.admin.get_object(request, unquote(object_id))
        if content is None:
            if not self.admin.has_view_or_change_permission(request):
                raise PermissionDenied
            messages.warning(request, f"That {self.opts.verbose_name} was deleted or published in the meantime.")
            return HttpResponseRedirect(reverse("admin:index", current_app=self.site.name))
        if not may_take_part(request.user, content):
            raise PermissionDenied
        return answer_once(request, lambda: self._show_or_act(request, content))

    def _show_or_act(self, request: HttpRequest, content: Content) -> HttpResponse:
        user = cast("User", request.user)
        found = HandOver.objects.about(content).with_content().first()
        acts = list_acts(user, content, found, may_change=self.admin.may_hand_over(request, content))
        form = CommentForm(request.POST if request.method == "POST" else None, acts=acts)
        if form.is_valid() and (location := self._act(request, content, form)):
            return HttpResponseRedirect(location)
        if form.errors:  # what somebody else did in the meantime is among them
            found = HandOver.objects.about(content).with_content().first()
            form.acts = list_acts(user, content, found, may_change=self.admin.may_hand_over(request, content))
        return TemplateResponse(request, "desk/hand_over.html", self._build_context(request, content, found, form))

    def _act(self, request: HttpRequest, content: Content, form: CommentForm) -> str:
        """Do what the pressed button says. Return where to go, or "" if it was not possible."""
        user, act, text = cast("User", request.user), form.cleaned_data["act"], form.cleaned_data["text"]
        seen = form.cleaned_data["seen"]
        deeds: dict[str, Callable[[], Told]] = {
            "comment": lambda: actions.comment(content=content, by=user, text=text),
            "hand_over": lambda: actions.hand_over(content=content, by=user, text=text),
            "take_back": lambda: actions.take_back(content=content, by=user),
            "accept": lambda: actions.accept(content=content, by=user, text=text, seen=seen),
            "publish": lambda: actions.accept(content=content, by=user, text=text, seen=seen),
            "hand_back": lambda: actions.hand_back(content=content, by=user, text=text, seen=seen),
        }
        may_do = act not in ("accept", "publish", "hand_back") or may_decide(user, content)
        may_do = may_do and (act != "hand_over" or self.admin.may_hand_over(request, content))
        if act not in deeds or not may_do:
            raise PermissionDenied
        try:
            told = deeds[act]()
        except HandOverError as error:
            form.add_error(None, str(error))
            return ""
        messages.success(request, _describe_deed(act, told))
        if told.unknown:
            names = join_words([f"@{name}" for name in told.unknown], "or")
            messages.warning(request, f"Nobody who can see this is called {names}, so nobody else was told.")
        page = "publish" if content.state == PublicationState.DRAFT else "pending"
        return self.get_url(content, page if act == "publish" else "hand_over")

    def _build_context(
        self, request: HttpRequest, content: Content, found: HandOver | None, form: CommentForm
    ) -> dict[str, object]:
        people = [user for user in list_people(content) if user != request.user]
        request.current_app = self.site.name  # Django's templates ask for it
        return {
            **self.site.each_context(request),
            "title": f"Hand-over of {name_content(content)}",
            "opts": self.opts,
            "media": self.admin.media,
            "name": name_content(content),
            "change_url": self.get_url(content, "change"),
            "ways": self.admin.list_ways(request, content),
            "words": describe(found, content),
            "stamp": actions.compute_stamp(found) if found else "",
            "comments": list(found.comments.select_related("author")) if found else [],
            "people": [(user.username, user.get_full_name()) for user in people],
            "form": form,
        }


def _is_in_work(content: Content) -> bool:
    """Return whether an object is a draft, or has a pending change. A new edition of a review is a draft."""
    return content.state == PublicationState.DRAFT or find_pending_change(content) is not None


def list_acts(user: User, content: Content, found: HandOver | None, *, may_change: bool) -> list[str]:
    """Return what a user may do about an object besides commenting: the names of the buttons."""
    if not _is_in_work(content):
        return []
    if found is None or not found.waits_for(content):
        return ["hand_over"] if may_change else []
    if found.handed_over_by_id == user.pk:
        return ["take_back"]
    return ["publish", "accept", "hand_back"] if may_decide(user, content) else []


def describe(found: HandOver | None, content: Content) -> str:
    """Return where a hand-over stands, as a sentence."""
    if not _is_in_work(content):
        return f"It is {content.state.label.lower()}, so nothing waits."
    if found is None or found.state == HandOverState.OPEN or not found.is_about(content):
        return "Not handed over."
    waits = found.state == HandOverState.WAITING
    by, at = (found.handed_over_by, found.handed_over_at) if waits else (found.decided_by, found.decided_at)
    when = f"on {format_moment(at)}" if at else ""
    return f"{_STATES[HandOverState(found.state)]} {name_person(by)} {when}."


def _describe_deed(act: str, told: Told) -> str:
    done = {
        "comment": "Your comment is here.",
        "hand_over": "Handed over. Editors find it on top of their front page, and in their digest if they get one.",
        "take_back": "Taken back.",
        "accept": "Accepted.",
        "publish": "Accepted. Now publish it.",
        "hand_back": "Handed back.",
    }[act]
    if not told.mentioned:
        return done
    return f"{done} {join_words([name_person(user) for user in told.mentioned])} will be told."
