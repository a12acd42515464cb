"""Publishing at the desk: the panel of an object's page, the page that asks once more, and the bulk actions."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.options import Action, ActionLocation
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from comparisons.models import Comparison
from desk.lists.change_lists import ListAdmin, render_mark
from desk.permissions import may_override_gate, may_preview, may_publish
from desk.publishing import previews
from desk.publishing.transitions import (
    BULK,
    STEPS,
    Outlook,
    Report,
    Step,
    Thing,
    carry_out,
    outlooks,
    state_words,
    steps_for,
)
from reviews.models import Review
from tools.models import Tool
from web.words import count_of

AT_ONCE = 200  # things that one bulk action takes
TIMES = ("published_at", "withdrawn_at")
LOCAL_TIME = "%Y-%m-%dT%H:%M"  # as <input type="datetime-local"> has it


class StepForm(forms.Form):
    """What a step asks for: when, why, and whether to go past the gate. Fields that it does not need are left out."""

    at = forms.DateTimeField(
        label="At (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL_TIME),
        help_text="It appears by itself at that time. The time is UTC.",
    )
    reason = forms.CharField(
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text="Kept in the history, with your name.",
    )
    override = forms.BooleanField(label="Publish although the gate holds it back", required=False)

    def __init__(self, *args: Any, step: Step, may_override: bool, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)
        if not step.at_time:
            del self.fields["at"]
        if not may_override:
            del self.fields["override"]
        if not may_override and not step.needs_reason:
            del self.fields["reason"]
        if "reason" in self.fields and step.needs_reason:
            self.fields["reason"].required = True

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at <= timezone.now():
            raise forms.ValidationError("That time has passed. To publish at once, go back and choose “Publish now”.")
        return at

    def clean(self) -> None:
        if self.cleaned_data.get("override") and not self.cleaned_data.get("reason"):
            self.add_error("reason", "Say why it goes past the gate: the reason is kept.")


class PublishingAdmin[ModelT: Tool | Review | Comparison](ListAdmin[ModelT]):
    """A ModelAdmin of something that is published. The two times leave its forms: only the steps here move them."""

    class Media:
        css = {"all": ["desk/publishing.css"]}

    def has_publish_permission(self, request: HttpRequest) -> bool:
        """Back the actions that are declared with `permissions=["publish"]`."""
        return may_publish(request.user, self.model)

    @admin.display(description="state", ordering="published_at")
    def state_mark(self, content: ModelT) -> SafeString:
        return render_mark(content.state, content.state.label)

    # -- The forms ----------------------------------------------------------------------------------------

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*(super().get_exclude(request, obj) or ()), *TIMES]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [
            (name, {**options, "fields": [field for field in options["fields"] if field not in TIMES]})
            for name, options in super().get_fieldsets(request, obj)
        ]

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """None for what readers do not see: the panel offers its preview."""
        url: str | None = super().get_view_on_site_url(obj)
        return url if obj is not None and previews.is_public(obj) else None

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if (thing := context.get("original")) is not None:
            context["publishing"] = self._panel(request, thing)
        return super().render_change_form(request, context, *args, **kwargs)

    def _panel(self, request: HttpRequest, thing: Thing) -> dict[str, Any]:
        has_preview = previews.can_be_previewed(thing) and may_preview(request.user, thing)
        preview = previews.address(thing) if has_preview else ""
        steps = steps_for(thing) if self.has_publish_permission(request) else []
        return {
            "state": thing.state,
            "words": state_words(thing),
            "preview": request.build_absolute_uri(preview) if preview else "",
            "hours": previews.HOURS,
            "steps": [(step, self._step_url(thing, step)) for step in steps],
        }

    # -- One thing ----------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        steps = [
            path(
                f"<path:object_id>/{step.name.replace('_', '-')}/",
                self.admin_site.admin_view(partial(self.step_view, step=step)),
                name=self._step_name(step),
            )
            for step in STEPS.values()
        ]
        return [*steps, *super().get_urls()]

    def _step_name(self, step: Step) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{step.name}"

    def _step_url(self, thing: Thing, step: Step) -> str:
        return reverse(f"admin:{self._step_name(step)}", args=[quote(thing.pk)], current_app=self.admin_site.name)

    def step_view(self, request: HttpRequest, object_id: str, *, step: Step) -> HttpResponse:
        """Ask once more (GET), and do a step to one thing (POST)."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404
        back = self._change_url(thing)
        if thing.state not in step.of:
            messages.warning(request, f"{thing}: {state_words(thing)} Nothing was done.")
            return HttpResponseRedirect(back)
        is_sent = request.method == "POST"
        return self._ask_or_do(
            request, step, self.get_queryset(request).filter(pk=thing.pk), is_sent=is_sent, back=back
        )

    def _change_url(self, thing: Thing) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[quote(thing.pk)], current_app=self.admin_site.name)

    # -- Many things --------------------------------------------------------------------------------------

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request, action_location=action_location)
        is_list = action_location == ActionLocation.CHANGE_LIST and "_popup" not in request.GET
        if is_list and self.actions is not None and self.has_publish_permission(request):
            for step in map(STEPS.__getitem__, BULK):
                name = f"{step.name}_selected"
                label = f"{step.label.removesuffix(' now')} selected {self.opts.verbose_name_plural}"
                actions[name] = Action(partial(_bulk, step=step), name, label, label, [action_location])
        return actions

    def step_selected(self, request: HttpRequest, things: "QuerySet[Any]", *, step: Step) -> HttpResponse | None:
        """Ask once more, and do a step to the selected things; None leads back to the list, with the report."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        number = things.count()
        if number > AT_ONCE:
            messages.error(request, f"{number:,} are selected; choose at most {AT_ONCE} at a time. Nothing was done.")
            return None
        if not number:
            messages.error(request, "Nothing of what was selected is there any more.")
            return None
        back = request.get_full_path()
        return self._ask_or_do(request, step, things, is_sent="confirmed" in request.POST, back=back, is_bulk=True)

    # -- Asking and doing ---------------------------------------------------------------------------------

    def _ask_or_do(
        self,
        request: HttpRequest,
        step: Step,
        things: "QuerySet[Any]",
        *,
        is_sent: bool,
        back: str,
        is_bulk: bool = False,
    ) -> HttpResponse:
        suggested = _tomorrow() if step.at_time else None
        may_override = step.gated and may_override_gate(request.user, self.model)
        form = StepForm(
            request.POST if is_sent else None, initial={"at": suggested}, step=step, may_override=may_override
        )
        is_valid = form.is_valid()
        at = form.cleaned_data.get("at", suggested) if is_sent else suggested
        override = bool(is_valid and form.cleaned_data.get("override"))
        found = outlooks(things, step, at=at, user=request.user)
        seen = request.POST.getlist("seen")
        if is_valid and any(outlook.goes(override=override) for outlook in found):
            if all(outlook.mark in seen for outlook in found):
                self._do(request, step, found, form, gone=len(seen) - len(found), override=override)
                return HttpResponseRedirect(back)
            messages.warning(request, "Something changed since you looked, or with the time: so it stands now.")
        elif is_valid and "override" in form.fields and any(outlook.is_held for outlook in found):
            form.add_error("override", "Tick this to go past the gate, and say why.")
        if not any(outlook.is_held for outlook in found):
            form.fields.pop("override", None)
            if not step.needs_reason:
                form.fields.pop("reason", None)
        return self._ask(request, step, found, form, back=back, is_bulk=is_bulk)

    def _do(
        self,
        request: HttpRequest,
        step: Step,
        found: list[Outlook],
        form: StepForm,
        *,
        gone: int,
        override: bool,
    ) -> None:
        reports = [
            carry_out(
                outlook.thing,
                step,
                seen=outlook.mark,
                user=request.user,
                at=form.cleaned_data.get("at"),
                reason=form.cleaned_data.get("reason", ""),
                override=override,
            )
            for outlook in found
        ]
        self._tell(request, step, reports)
        if gone > 0:
            messages.warning(request, f"{count_of(gone, 'thing').capitalize()} of what you saw had gone meanwhile.")

    def _ask(
        self,
        request: HttpRequest,
        step: Step,
        found: list[Outlook],
        form: StepForm,
        *,
        back: str,
        is_bulk: bool,
    ) -> HttpResponse:
        going = [outlook for outlook in found if outlook.goes(override=False)]
        held = [outlook for outlook in found if outlook.is_held]
        one = found[0].thing if not is_bulk else None
        what = f"{len(found)} {self.opts.verbose_name_plural}"
        context = {
            **self.admin_site.each_context(request),
            "title": f"{step.label}: {one or what}",
            "opts": self.opts,
            "media": self.media + form.media,
            "step": step,
            "form": form,
            "one": one,
            "change_url": self._change_url(one) if one else "",
            "going": [(outlook, self._change_url(outlook.thing)) for outlook in going],
            "held": [(outlook, self._change_url(outlook.thing)) for outlook in held],
            "refused": [(outlook, self._change_url(outlook.thing)) for outlook in found if outlook.refusal],
            "marks": [outlook.mark for outlook in found],
            "pks": [outlook.thing.pk for outlook in found],
            "can_go": bool(going) or (held and "override" in form.fields),
            "is_bulk": is_bulk,
            "back": back,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "desk/step.html", context)

    def _tell(self, request: HttpRequest, step: Step, reports: list[Report]) -> None:
        """Say exactly what was done and what was not, and why."""
        done = [report for report in reports if report.is_done]
        not_done = [report for report in reports if not report.is_done]
        if done:
            messages.success(request, format_html("{}: {}.", step.done, self._told(done)))
        if not_done:
            verb = step.done[0].lower() + step.done[1:]
            messages.warning(request, format_html("Not {}: {}.", verb, self._told(not_done)))

    def _told(self, reports: list[Report]) -> SafeString:
        return format_html_join(
            "; ",
            '<a href="{}">{}</a>{}',
            (
                (self._change_url(report.thing), report.thing, f" ({report.words})" if report.words else "")
                for report in reports
            ),
        )


def _bulk(modeladmin: PublishingAdmin, request: HttpRequest, things: "QuerySet[Any]", *, step: Step) -> Any:
    return modeladmin.step_selected(request, things, step=step)


def _tomorrow() -> datetime:
    """Tomorrow at nine, which is as good a suggestion as any."""
    return (timezone.localtime() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
