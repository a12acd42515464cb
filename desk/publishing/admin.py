"""The publishing pages of the admin: the panel on an object's page, the confirmation page, and the bulk actions."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.options import Action, ActionLocation
from django.contrib.admin.utils import quote, unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from desk import change_links
from desk.base import DeskAdmin
from desk.content import Content
from desk.handover.pages import HandOverPages
from desk.lists.change_lists import render_mark
from desk.permissions import may_override_gate, may_preview, may_publish
from desk.publishing import previews
from desk.publishing.transitions import (
    BULK_TRANSITIONS,
    TRANSITIONS,
    Effect,
    Transition,
    TransitionResult,
    apply_transition,
    available_transitions,
    compute_effects,
    describe_state,
)
from desk.refusal_texts import explain_publishing
from desk.refusals import MayNotPublishError
from desk.shapes import Context, Fieldsets, Posted
from tools.publishing import Publishable
from web import clock
from web.fields import MultilineField
from web.words import count_of

LOCAL_TIME = "%Y-%m-%dT%H:%M"  # the format of <input type="datetime-local">


class TransitionForm(forms.Form):
    """When, why, and whether to override the gate. Fields that the transition does not need are removed."""

    at = forms.DateTimeField(
        label="At (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "data-utc": ""}, format=LOCAL_TIME),
        help_text="It is published automatically at that time. The time is in UTC.",
    )
    reason = MultilineField(
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="Saved in the history with your name.",
    )
    override = forms.BooleanField(label="Override the gate and publish anyway", required=False)

    def __init__(
        self,
        data: Posted | None = None,
        *,
        transition: Transition,
        may_override: bool,
        suggested_at: datetime | None,
    ) -> None:
        super().__init__(data, initial={"at": suggested_at}, label_suffix="")
        if not transition.at_time:
            del self.fields["at"]
        if not may_override:
            del self.fields["override"]
        if not may_override and not transition.needs_reason:
            del self.fields["reason"]
        if "reason" in self.fields and transition.needs_reason:
            self.fields["reason"].required = True

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        clock.validate_year(at)
        if at <= timezone.now():
            raise forms.ValidationError("That time has passed. To publish now, go back and choose “Publish now”.")
        return at

    def clean(self) -> None:
        if self.cleaned_data.get("override") and not self.cleaned_data.get("reason"):
            self.add_error("reason", "Give a reason for overriding the gate. It is saved in the history.")


class PublishingAdmin[ModelT: Content](DeskAdmin[ModelT]):
    """A ModelAdmin of content. Its forms leave out the two times, because only transitions change them."""

    class Media:
        css = {"all": ["desk/publishing.css"]}
        js = [forms.Script("desk/split_preview.js", defer=True)]

    def __init__(self, model: type[ModelT], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.hand_over_pages = HandOverPages(self)

    def may_hand_over(self, request: HttpRequest, content: Content) -> bool:
        """Return whether a user may hand content over. HandOverPages asks."""
        return self.has_change_permission(request, content)

    def list_ways(self, request: HttpRequest, content: Content) -> list[tuple[str, str]]:
        """Return links to what was handed over, as (text, address), for its page."""
        has_preview = previews.is_previewable(content) and may_preview(request.user, content)
        return [("Preview", previews.preview_url(content))] if has_preview else []

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Back the actions that are declared with `permissions=["publish"]`."""
        return may_publish(request.user, self.model)

    @admin.display(description="state", ordering="published_at")
    def state_mark(self, content: ModelT) -> SafeString:
        return render_mark(content.state, content.state.label)

    def describe_hit(self, row: ModelT) -> str:
        return str(row.state.label)

    # -- The change form ------------------------------------------------------------------------------------

    def get_exclude(self, request: HttpRequest, obj: ModelT | None = None) -> list[str]:
        return [*(super().get_exclude(request, obj) or ()), *Publishable.TIME_FIELDS]

    def get_fieldsets(self, request: HttpRequest, obj: ModelT | None = None) -> Fieldsets:
        return [
            (
                name,
                {**options, "fields": [field for field in options["fields"] if field not in Publishable.TIME_FIELDS]},
            )
            for name, options in super().get_fieldsets(request, obj)
        ]

    def get_view_on_site_url(self, obj: ModelT | None = None) -> str | None:
        """Return None for content that readers do not see: the panel offers its preview instead."""
        url = super().get_view_on_site_url(obj)
        return url if obj is not None and previews.is_public(obj) else None

    def extend_change_form(self, request: HttpRequest, context: Context) -> None:
        super().extend_change_form(request, context)
        if (content := context.get("original")) is not None:
            context["publishing"] = self._panel(request, content)
            context["hand_over"] = self.hand_over_pages.build_panel(request, content)

    def _panel(self, request: HttpRequest, content: Content) -> dict[str, object]:
        """Return the context of desk/_publishing.html."""
        has_preview = previews.is_previewable(content) and may_preview(request.user, content)
        transitions = available_transitions(content) if self.has_publish_permission(request) else []
        return {
            "state": content.state,
            "words": describe_state(content),
            "preview": request.build_absolute_uri(previews.preview_url(content)) if has_preview else "",
            "hours": previews.LIFETIME_HOURS,
            "transitions": [(transition, self._transition_url(content, transition)) for transition in transitions],
        }

    def response_change(self, request: HttpRequest, obj: ModelT) -> HttpResponse:
        """After what was typed is saved, go on to the page whose link was pressed (`_then`)."""
        response = super().response_change(request, obj)
        then = request.POST.get("_then", "")
        if then == "preview" and previews.is_previewable(obj) and may_preview(request.user, obj):
            return HttpResponseRedirect(previews.preview_url(obj))
        if then == "hand_over":
            return HttpResponseRedirect(self.hand_over_pages.get_url(obj))
        if then in TRANSITIONS and self.has_publish_permission(request):
            return HttpResponseRedirect(self._transition_url(obj, TRANSITIONS[then]))
        return response

    # -- One object -----------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"<path:object_id>/{transition.name.replace('_', '-')}/",
                self.admin_site.admin_view(partial(self.transition_view, transition=transition)),
                name=self._page_name(transition.name),
            )
            for transition in TRANSITIONS.values()
        ]
        return [*pages, *self.hand_over_pages.urls(), *super().get_urls()]

    def _page_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _url(self, content: Content, page: str) -> str:
        return reverse(f"admin:{self._page_name(page)}", args=[quote(content.pk)], current_app=self.admin_site.name)

    def _transition_url(self, content: Content, transition: Transition) -> str:
        return self._url(content, transition.name)

    def _change_url(self, content: Content) -> str:
        return self._url(content, "change")

    def transition_view(self, request: HttpRequest, object_id: str, *, transition: Transition) -> HttpResponse:
        """Ask for confirmation (GET), and apply a transition to one object (POST)."""
        if not self.has_publish_permission(request):
            raise MayNotPublishError(explain_publishing(self.model))
        content = self.get_object(request, unquote(object_id))
        if content is None:
            raise Http404
        back = self._change_url(content)
        if content.state not in transition.from_states:
            messages.warning(request, f"{content}: {describe_state(content)} Nothing was changed.")
            return HttpResponseRedirect(back)
        rows = self.get_queryset(request).filter(pk=content.pk)
        return self._confirm_or_apply(request, transition, rows, is_submitted=request.method == "POST", back=back)

    # -- Many objects ---------------------------------------------------------------------------------------

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Action | None]:
        actions = super().get_actions(request, action_location=action_location)
        is_list = action_location == ActionLocation.CHANGE_LIST and "_popup" not in request.GET
        if is_list and self.actions is not None and self.has_publish_permission(request):
            for transition in map(TRANSITIONS.__getitem__, BULK_TRANSITIONS):
                name = f"{transition.name}_selected"
                label = f"{transition.label.removesuffix(' now')} selected {self.opts.verbose_name_plural}"
                function = partial(_transition_selected, transition=transition)
                actions[name] = Action(function, name, label, label, [action_location])
        return actions

    def transition_selected(
        self, request: HttpRequest, rows: QuerySet[ModelT], *, transition: Transition
    ) -> HttpResponse | None:
        """Ask for confirmation, and apply a transition to the selected rows. None returns to the list."""
        if not self.has_publish_permission(request):
            raise MayNotPublishError(explain_publishing(self.model))
        number = rows.count()
        if number > change_links.ROWS_PER_PAGE:
            title = f"{transition.label.removesuffix(' now')} {number:,} {self.opts.verbose_name_plural}"
            return change_links.select_rows(request, rows, action=transition.name, title=title)
        if not number:
            messages.error(request, "None of the selected rows exist anymore.")
            return None
        is_submitted = "confirmed" in request.POST
        back = request.get_full_path()
        return self._confirm_or_apply(request, transition, rows, is_submitted=is_submitted, back=back, is_bulk=True)

    # -- Confirming and applying ----------------------------------------------------------------------------

    def _confirm_or_apply(
        self,
        request: HttpRequest,
        transition: Transition,
        rows: QuerySet[ModelT],
        *,
        is_submitted: bool,
        back: str,
        is_bulk: bool = False,
    ) -> HttpResponse:
        suggested_at = suggest_time() if transition.at_time else None
        may_override = transition.is_gated and may_override_gate(request.user, self.model)
        form = TransitionForm(
            request.POST if is_submitted else None,
            transition=transition,
            may_override=may_override,
            suggested_at=suggested_at,
        )
        is_valid = form.is_valid()
        at = form.cleaned_data.get("at", suggested_at) if is_submitted else suggested_at
        override = bool(is_valid and form.cleaned_data.get("override"))
        effects = compute_effects(rows, transition, at=at, user=request.user)
        seen = request.POST.getlist("seen")
        if is_valid and any(effect.would_happen(override=override) for effect in effects):
            if all(effect.fingerprint in seen for effect in effects):
                with self._record(request, transition, len(effects)) if is_bulk else nullcontext():
                    self._apply(request, transition, effects, form, override=override)
                self._report_missing(request, len(seen) - len(effects))
                return HttpResponseRedirect(back)
            messages.warning(request, "Something has changed since you opened this page. It is now up to date.")
        elif is_valid and "override" in form.fields and any(effect.can_be_overridden for effect in effects):
            form.add_error("override", "Check this box to override the gate, and give a reason.")
        if not any(effect.can_be_overridden for effect in effects):
            # Nothing to override. The fields stay until here because a submitted form may carry them.
            form.fields.pop("override", None)
            if not transition.needs_reason:
                form.fields.pop("reason", None)
        return self._render_confirmation(request, transition, effects, form, back=back, is_bulk=is_bulk)

    def _record(self, request: HttpRequest, transition: Transition, number: int) -> AbstractContextManager[object]:
        title = f"{transition.label.removesuffix(' now')} {count_of(number, str(self.opts.verbose_name))}"
        return change_links.record_action(request, title, offer=f"{transition.done} by mistake?")

    def _apply(
        self,
        request: HttpRequest,
        transition: Transition,
        effects: Sequence[Effect],
        form: TransitionForm,
        *,
        override: bool,
    ) -> None:
        results = [
            apply_transition(
                effect.content,
                transition,
                seen=effect.fingerprint,
                user=request.user,
                at=form.cleaned_data.get("at"),
                reason=form.cleaned_data.get("reason", ""),
                override=override,
            )
            for effect in effects
        ]
        self._report(request, transition, results)

    def _render_confirmation(
        self,
        request: HttpRequest,
        transition: Transition,
        effects: Sequence[Effect],
        form: TransitionForm,
        *,
        back: str,
        is_bulk: bool,
    ) -> HttpResponse:
        going = [effect for effect in effects if effect.would_happen(override=False)]
        blocked = [effect for effect in effects if effect.is_blocked]
        final = [effect for effect in blocked if not effect.can_be_overridden]
        refused = [effect for effect in effects if effect.refusal]
        one = effects[0].content if not is_bulk else None
        context = {
            **self.admin_site.each_context(request),
            "title": f"{transition.label}: {one or f'{len(effects)} {self.opts.verbose_name_plural}'}",
            "opts": self.opts,
            "media": self.media + form.media,
            "transition": transition,
            "form": form,
            "one": one,
            "change_url": self._change_url(one) if one else "",
            "going": self._with_urls(going),
            "blocked": self._with_urls(blocked),
            "are_final": len(final) == len(blocked),
            "refused": self._with_urls(refused),
            "fingerprints": [effect.fingerprint for effect in effects],
            "pks": [effect.content.pk for effect in effects],
            "can_submit": bool(going) or (blocked and "override" in form.fields),
            "is_bulk": is_bulk,
            "back": back,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/transition.html", context)

    def _with_urls(self, effects: Sequence[Effect]) -> list[tuple[Effect, str]]:
        return [(effect, self._change_url(effect.content)) for effect in effects]

    def _report(self, request: HttpRequest, transition: Transition, results: Sequence[TransitionResult]) -> None:
        """Tell the user which objects were changed, which were not, and why."""
        done = [result for result in results if result.is_done]
        not_done = [result for result in results if not result.is_done]
        if done:
            messages.success(request, format_html("{}: {}.", transition.done, self._link_results(done)))
        if not_done:
            verb = transition.done[0].lower() + transition.done[1:]
            messages.warning(request, format_html("Not {}: {}.", verb, self._link_results(not_done)))

    def _report_missing(self, request: HttpRequest, number: int) -> None:
        """Tell the user how many of the objects that they confirmed no longer exist."""
        if number > 0:
            verb = "has" if number == 1 else "have"
            words = f"{count_of(number, 'selected object').capitalize()} {verb} been deleted in the meantime."
            messages.warning(request, words)

    def _link_results(self, results: Sequence[TransitionResult]) -> SafeString:
        return format_html_join(
            "; ",
            '<a href="{}">{}</a>{}',
            (
                (self._change_url(result.content), result.content, f" ({result.words})" if result.words else "")
                for result in results
            ),
        )


def _transition_selected(
    model_admin: PublishingAdmin, request: HttpRequest, rows: QuerySet[Content], *, transition: Transition
) -> HttpResponse | None:
    return model_admin.transition_selected(request, rows, transition=transition)


def suggest_time() -> datetime:
    """Return a time to suggest: tomorrow at nine."""
    return (timezone.localtime() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
