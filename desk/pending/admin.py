"""The pending changes of a ModelAdmin: keeping the form of public content, its bar on the form, and its own page."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.text import capfirst

from comparisons.shaping.tool_columns import render_logo
from desk import contention
from desk.base import ACTION_FIELD, is_action
from desk.content import Content
from desk.contention import KEEP
from desk.front.front_list import pluralize
from desk.history.conflicts import SEEN_VERSION
from desk.history.pages import get_admin_url
from desk.idempotency import answer_once
from desk.models import Changeable, PendingChange
from desk.pending import previews
from desk.pending.announcing import announce
from desk.pending.differences import read_differences, summarize
from desk.pending.forms import PendingForm, ShownForm, drop_shown_error
from desk.pending.publishing import (
    CHANGED,
    GONE,
    describe_origin,
    end,
    explain_scheduled,
    find_refusal,
    lock_pending,
    name_pending,
    publish,
    remove_unused_logo,
)
from desk.pending.replaying import (
    PENDING_SEEN,
    build_request,
    clean_posted,
    drop_action,
    match_inlines,
    note_origin,
    read_changes,
    rehearse,
    replay,
    roll_back,
)
from desk.permissions import find_missing_right
from desk.publishing.admin import PublishingAdmin, suggest_time
from desk.publishing.previews import LIFETIME_HOURS
from desk.refusal_texts import ask_editor, explain, explain_publishing
from desk.refusals import MayNotPublishError
from desk.shapes import Context
from tools.models import ContentRevision
from tools.publishing import PublicationState
from web.words import format_moment

PREVIEW = "preview"
"""The value of the button that keeps a pending change and shows its preview beside its form."""


class PendingAdmin[ModelT: Changeable](PublishingAdmin[ModelT]):
    """A ModelAdmin of content whose public objects can be changed by a pending change."""

    class Media:
        css = {"all": ["desk/pending.css"]}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/pending/edit/", view(self.pending_edit_view), name=self._page_name("pending_edit")),
            path("<path:object_id>/pending/", view(self.pending_view), name=self._page_name("pending")),
            *super().get_urls(),
        ]

    def may_propose(self, request: HttpRequest) -> bool:
        """Return whether a user may keep, read, and edit pending changes. Those who only write reviews keep drafts."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def may_hand_over(self, request: HttpRequest, content: Content) -> bool:
        """Return whether a user may hand content over. If it is public, only users who may keep pending changes may."""
        is_public = content.state == PublicationState.PUBLISHED
        return self.may_propose(request) if is_public else super().may_hand_over(request, content)

    def list_ways(self, request: HttpRequest, content: Content) -> list[tuple[str, str]]:
        ways = super().list_ways(request, content)
        pending = PendingChange.objects.of(content).first()
        if pending is None or not self.may_propose(request):
            return ways
        return [*ways, ("What differs", self._url(content, "pending")), ("Preview", previews.preview_url(pending))]

    # -- Keeping --------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Save the form of an object; if it is public, keep it instead, or say what readers now see."""
        view = partial(super().changeform_view, request, object_id, form_url, extra_context)
        is_shown_again = contention.is_busy(request) or getattr(request, "is_replay", False)
        if request.method != "POST" or object_id is None or is_shown_again or _is_confirmed_action(request):
            return view()
        obj, wants_to_keep = self.get_object(request, unquote(object_id)), KEEP in request.POST
        if wants_to_keep and not self.may_propose(request):
            raise PermissionDenied
        if obj is None or not self.may_propose(request):
            return view()
        if obj.state != PublicationState.PUBLISHED:
            words = f"The {self.opts.verbose_name} is {obj.state.label.lower()} by now, so nothing was kept. Save it."
            return self._show_again(request, words, view) if wants_to_keep else view()
        if wants_to_keep or not self.has_publish_permission(request):
            if not request.POST.get(SEEN_VERSION):  # without one, nothing would be merged
                raise BadRequest("The form carries no version.")
            return answer_once(request, partial(self._keep, request, obj, view))
        return self._save_public(request, obj, view)

    def _keep(self, request: Any, obj: ModelT, view: Callable[[], HttpResponse]) -> HttpResponse:
        """Keep a form that would be saved. If it would not, show it again, with its errors or questions."""
        is_taken_off = False
        with transaction.atomic():
            ContentRevision.lock()
            existing = PendingChange.objects.of(obj).select_related("author").first()
            if existing and existing.token != request.POST.get(PENDING_SEEN, ""):
                words = (
                    f"{capfirst(existing.author_name)} has kept a pending change since you opened this page, at "
                    f"{existing.kept_at:%H:%M} UTC. Nothing was kept. Edit that one, or discard it first."
                )
                return self._show_again(request, words, view)
            with roll_back():
                outcome = replay(
                    self,
                    _drop_token(request.POST),
                    obj.pk,
                    user=request.user,
                    like=request,
                    is_kept=True,
                    logo=existing.logo if existing else "",
                    with_files=True,
                )
            if not outcome.is_saved:
                return outcome.response
            if differences := summarize(outcome, self.model):
                _, logo = outcome.logo_change or ("", "")
                is_new = logo and (existing is None or existing.logo != logo)
                request.stored_logos = [logo] if is_new else []  # removed if this transaction fails
                pending = PendingChange.keep(
                    obj,
                    posted=clean_posted(outcome.request.POST),
                    differences=differences,
                    author=request.user,
                    logo=logo,
                )
                if existing and existing.logo != logo:
                    remove_unused_logo(existing.logo)
                is_taken_off = pending.publish_at is not None and not self.has_publish_permission(request)
                if is_taken_off:
                    pending.unschedule()
        if not differences and is_action(request):
            return view()
        if not differences:
            messages.info(request, "Nothing differs from what readers see, so nothing was kept.")
        else:
            self.log_change(request, obj, "Kept a pending change.")
            differ = pluralize(pending.count, "field differs", "fields differ")
            messages.success(
                request, f"Kept as a pending change: {differ}. Readers see nothing of it until it is published."
            )
        if is_taken_off:
            messages.warning(request, f"It is no longer scheduled, because you changed it. {ask_editor(self.model)}")
        is_previewed = bool(differences) and request.POST.get(KEEP) == PREVIEW
        return HttpResponseRedirect(self._url(obj, "pending_edit") if is_previewed else self._change_url(obj))

    def save_model(self, request: HttpRequest, obj: ModelT, form: ModelForm, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        """Save an object, unless it was published after its form was taken as that of a draft."""
        is_direct = change and not getattr(request, "is_replay", False)
        if is_direct and (content := find_missing_right(request.user, obj)):
            raise MayNotPublishError(explain(content, obj))
        super().save_model(request, obj, form, change)

    def _show_again(self, request: Any, words: str, view: Callable[[], HttpResponse]) -> HttpResponse:
        request.busy, request.POST = words, drop_action(request.POST)
        return view()

    def _save_public(self, request: Any, obj: ModelT, view: Callable[[], HttpResponse]) -> HttpResponse:
        shown = self._find_shown(request, obj)
        if shown:
            request.kept_logo = shown.logo
            request.POST = note_origin(request.POST, describe_origin(shown, request.user))
        with transaction.atomic():
            response = view()
            version = request.POST.get(SEEN_VERSION)  # after the merge: that from which the save went on
            if not isinstance(response, HttpResponseRedirect) or not version:
                return response
            if shown and PendingChange.objects.filter(pk=shown.pk, kept_at=shown.kept_at).exists():
                end(shown, by=request.user, is_published=True)
            events = read_changes(self.model, obj.pk, version)
        if words := announce(events, self.model, logo_change=getattr(request, "logo_change", None)):
            messages.info(request, words)
        return response

    def _find_shown(self, request: HttpRequest, obj: ModelT) -> PendingChange | None:
        """Return the pending change that a posted form shows, unless somebody has kept another one since."""
        token = request.POST.get(PENDING_SEEN)
        pending = PendingChange.objects.of(obj).select_related("author").first() if token else None
        return pending if pending and pending.token == token else None

    # -- On the form ----------------------------------------------------------------------------------------

    def get_form(
        self,
        request: HttpRequest,
        obj: ModelT | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **options: Any,
    ) -> type[ModelForm]:
        if getattr(request, "shows_pending", False):
            options["form"] = type("ShownForm", (ShownForm, options.get("form", self.form)), {})
        return super().get_form(request, obj, change, **options)

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        super().extend_change_form(request, context)
        if getattr(request, "shows_pending", False):
            drop_shown_error(context)
        content: ModelT | None = context.get("original")
        if content is None or content.state != PublicationState.PUBLISHED:
            return
        rows = PendingChange.objects.of(content).select_related("author", "scheduled_by")
        pending = rows.first()
        shown = request.POST.get(PENDING_SEEN, "") if request.method == "POST" else ""
        may_propose = self.may_propose(request)
        context["pending"] = self._describe_pending(request, content, pending) if pending else None
        context["pending_seen"] = shown
        context["may_propose"] = may_propose
        context["may_keep"] = may_propose and (pending is None or bool(shown))
        context["publishes_at_once"] = not may_propose or self.has_publish_permission(request)

    def _describe_pending(self, request: HttpRequest, content: ModelT, pending: PendingChange) -> dict[str, object]:
        """Return the context of desk/_pending.html. Only users who may keep pending changes may read it."""
        if not self.may_propose(request):
            return {"change": pending}
        return {
            "change": pending,
            "differences": read_differences(pending.differences),
            "new_logo": render_logo(pending.logo),
            "preview": request.build_absolute_uri(previews.preview_url(pending)),
            "hours": LIFETIME_HOURS,
            "url": self._url(content, "pending"),
            "edit_url": self._url(content, "pending_edit"),
            "may_publish": self.has_publish_permission(request),
            "may_discard": self._may_discard(request, pending),
            "whom_to_ask": ask_editor(type(content)),
        }

    def pending_edit_view(self, request: Any, object_id: str) -> HttpResponse:
        """Show the form of an object with its pending change typed into it (GET), and take it like any (POST)."""
        if request.method == "POST":
            return self.change_view(request, object_id)
        content, pending = self._find_pending(request, object_id)
        if pending is None:
            return HttpResponseRedirect(self._change_url(content))
        posted = pending.read_posted()
        posted[PENDING_SEEN] = pending.token
        shown = build_request(posted, user=request.user, like=request, is_kept=True, logo=pending.logo)
        match_inlines(self, shown, content.pk)
        shown._messages, shown.shows_pending = request._messages, True
        return self.changeform_view(shown, object_id)

    # -- Its page -------------------------------------------------------------------------------------------

    def _find_pending(self, request: HttpRequest, object_id: str) -> tuple[ModelT, PendingChange | None]:
        """Return an object and its pending change. Raises PermissionDenied or Http404."""
        if not self.may_propose(request):
            raise PermissionDenied
        content = self.get_object(request, unquote(object_id))
        if content is None:
            raise Http404
        rows = PendingChange.objects.select_related("author", "scheduled_by", "tool", "comparison")
        return content, rows.of(content).first()

    def pending_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the pending change of an object would change, and publish, schedule, or discard it (POST)."""
        content, pending = self._find_pending(request, object_id)
        if pending is None:
            messages.info(request, f"{content} has no pending change.")
            return HttpResponseRedirect(self._change_url(content))
        form = PendingForm(request.POST or None, initial={"at": pending.publish_at or suggest_time()}, label_suffix="")
        if form.is_valid():
            if (response := self._act_on_pending(request, content, pending, form)) is not None:
                return response
            return HttpResponseRedirect(request.path)
        return self._render_pending(request, content, pending, form)

    def _act_on_pending(
        self, request: HttpRequest, content: ModelT, pending: PendingChange, form: PendingForm
    ) -> HttpResponse | None:
        """Do what was pressed; return where to go on, or None for the page of the pending change."""
        action, token = form.cleaned_data["action"], form.cleaned_data["token"]
        if action != "discard" and not self.has_publish_permission(request):
            raise MayNotPublishError(explain_publishing(self.model))
        if action == "publish":
            return self._publish_pending(request, content, pending, token)
        with transaction.atomic():
            locked = lock_pending(pending.pk)
            if locked is None or locked.token != token:
                messages.warning(request, GONE if locked is None else CHANGED)
                return None
            if action == "discard" and not self._may_discard(request, locked):
                raise MayNotPublishError(explain_scheduled(locked))
            match action:
                case "discard":
                    end(locked, by=request.user, is_published=False)
                    words = f"Discarded the {name_pending(locked, request.user)}."
                case "unschedule":
                    locked.unschedule()
                    words = "The pending change is kept, and no longer scheduled."
                case _:
                    locked.schedule(at=form.cleaned_data["at"], by=request.user)
                    words = f"Scheduled: it is published on {format_moment(form.cleaned_data['at'])}."
        self.log_change(request, content, words)
        messages.success(request, words)
        return HttpResponseRedirect(self._change_url(content))

    def _may_discard(self, request: HttpRequest, pending: PendingChange) -> bool:
        """Return whether a user may discard a pending change: one that is scheduled only if they may schedule."""
        return pending.publish_at is None or self.has_publish_permission(request)

    def _publish_pending(
        self, request: HttpRequest, content: ModelT, pending: PendingChange, token: str
    ) -> HttpResponse | None:
        result = publish(pk=pending.pk, user=request.user, like=request, token=token)
        if not result.is_done:
            messages.warning(request, f"Not published. {result.words}")
            return None
        for sentence in result.merged:
            messages.info(request, sentence)
        words = format_html("Published the {}. {}", name_pending(pending, request.user), result.announcement)
        messages.success(request, words)
        return HttpResponseRedirect(self._change_url(content))

    def _render_pending(
        self, request: HttpRequest, content: ModelT, pending: PendingChange, form: PendingForm
    ) -> HttpResponse:
        outcome, problem = rehearse(
            self, pending.read_posted(), content.pk, user=request.user, like=request, logo=pending.logo
        )
        differences = pending.differences
        if outcome is not None and outcome.is_saved:
            differences = summarize(outcome, self.model)
        context = {
            **self.admin_site.each_context(request),
            **self._describe_pending(request, content, pending),
            "title": f"Pending change of {content}",
            "opts": self.opts,
            "object": content,
            "changelist_url": get_admin_url(self.model, "changelist"),
            "change_url": self._change_url(content),
            "differences": read_differences(differences),
            "merged": outcome.merged if outcome else [],
            "problem": problem or (find_refusal(pending, request.user) if self.has_publish_permission(request) else ""),
            "origin": describe_origin(pending, request.user),
            "form": form,
            "media": self.media + form.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/pending.html", context)


def _is_confirmed_action(request: HttpRequest) -> bool:
    """Return whether a page that asked about an action was confirmed: Django then saves no form."""
    posted = request.POST
    return ACTION_FIELD in posted and SEEN_VERSION not in posted and contention.SAVE_BUTTONS.isdisjoint(posted)


def _drop_token(posted: QueryDict) -> QueryDict:
    """Return a posted form as one that is not recognized as sent twice: its rehearsal comes first."""
    again = posted.copy()
    again.pop("csrfmiddlewaretoken", None)
    return again
