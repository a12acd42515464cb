"""The newsletter at the desk: subscribers, issues, deliveries, and the workers that send them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.views.decorators.csp import csp_override

from desk.admin.issue_access import reset_ready
from desk.admin.issue_pages import answer_button, issue_urls
from desk.admin.issue_pieces import list_sections
from desk.admin.issue_previews import PAGE_CSP
from desk.base import DeskAdmin
from desk.fields import MARKDOWN_PREVIEW_URL
from newsletter import issuing
from newsletter.actions import erase
from newsletter.issuing import IssueActionError
from newsletter.models import Delivery, Issue, IssueState, Outbox, Subscriber, Suppression, Worker
from newsletter.progress import read_progress


class ProgramWrittenAdmin(DeskAdmin):
    """Rows that only the program writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Subscriber)
class SubscriberAdmin(DeskAdmin):
    """Subscribers. Deleting one erases it; a hash of the address stays, so that it gets no more mail."""

    list_display = ["email", "status", "created_at", "confirmed_at", "left_at"]
    list_filter = ["left_reason", ("confirmed_at", admin.EmptyFieldListFilter)]
    search_fields = ["email"]
    search_help_text = "An email address, or part of one"
    date_hierarchy = "created_at"
    readonly_fields = ["email", "created_at", "confirmed_at", "left_at", "left_reason"]
    filter_horizontal = ["categories"]

    def name_hit(self, row: Subscriber) -> str:
        return row.email  # an object's own name goes into logs, and has no address

    def describe_hit(self, row: Subscriber) -> str:
        return row.status

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people subscribe and confirm themselves

    def delete_model(self, request: HttpRequest, obj: Subscriber) -> None:
        erase(subscriber=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Subscriber]") -> None:
        for pk in queryset.values_list("pk", flat=True):
            erase(subscriber=pk)


@admin.register(Suppression)
class SuppressionAdmin(DeskAdmin):
    """Addresses that get no mail. Deleting one allows mail again once the address confirms."""

    list_display = ["digest", "reason", "created_at"]
    list_filter = ["reason"]
    date_hierarchy = "created_at"
    readonly_fields = ["digest", "reason", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


TIMES = ("since_at", "composed_at", "scheduled_at", "started_at", "finished_at")


class IssueForm(ModelForm):
    """The words of an issue."""

    class Meta:
        model = Issue
        fields = ["subject", "lead"]
        widgets = {"lead": AdminTextareaWidget(attrs={"data-preview": MARKDOWN_PREVIEW_URL, "rows": 10})}


@admin.register(Issue)
class IssueAdmin(DeskAdmin):
    shows_presence = True

    class Media:
        js = [forms.Script("desk/preview.js", defer=True), forms.Script("desk/issue.js", defer=True)]

    change_list_template = "admin/newsletter/issue/change_list.html"
    change_form_template = "admin/newsletter/issue/change_form.html"
    list_display = ["number", "subject", "state", "composed_at", "scheduled_at", "started_at", "finished_at"]
    list_display_links = ["number", "subject"]
    list_filter = ["state"]
    search_fields = ["subject"]
    text_fields = ["lead"]
    form = IssueForm
    fieldsets = [
        (None, {"fields": ["state", "subject", "lead"]}),
        ("Times", {"fields": TIMES, "classes": ["collapse"]}),
    ]
    readonly_fields = ["state", *TIMES]

    def name_hit(self, row: Issue) -> str:
        return f"{row}: {row.subject}"

    def describe_hit(self, row: Issue) -> str:
        return str(row.get_state_display())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # issues are composed, not added

    def has_change_permission(self, request: HttpRequest, obj: Issue | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not obj.is_out)

    def has_delete_permission(self, request: HttpRequest, obj: Issue | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and obj.state == IssueState.DRAFT

    def save_model(self, request: HttpRequest, obj: Issue, form: ModelForm, change: bool) -> None:  # noqa: FBT001 (Django's)
        """Save the words, unless another editor has just sent the issue."""
        if form.has_changed():
            try:
                issuing.edit(issue=obj, subject=obj.subject, lead=obj.lead)
            except IssueActionError as error:
                messages.error(request, str(error))
            else:
                reset_ready(request, obj)

    def response_change(self, request: HttpRequest, obj: Issue) -> HttpResponse:
        """After the words are saved, do what the pressed button says."""
        return answer_button(request, obj) or super().response_change(request, obj)

    def view_on_site(self, obj: Issue) -> str | None:
        """Return the address of its public page, or None before it is sent."""
        return obj.get_absolute_url() if obj.is_out else None

    def get_urls(self) -> list[URLPattern]:
        urls = super().get_urls()
        for url in urls:
            if url.name == "newsletter_issue_change":
                url.callback = csp_override(PAGE_CSP)(url.callback)  # its message is in a frame
        return [*issue_urls(self), *urls]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        may_compose = request.user.has_perm("newsletter.add_issue")
        return super().changelist_view(request, {"may_compose": may_compose, **(extra_context or {})})

    def render_change_form(  # type: ignore[override] # Django passes the rest by name
        self, request: HttpRequest, context: dict[str, object], **options: Any
    ) -> HttpResponse:
        issue = options.get("obj")
        if issue is not None:
            context |= {
                "issue": issue,
                "may_send": request.user.has_perm("newsletter.send_issue"),
                "may_edit": self.has_change_permission(request, issue),
                "may_compose": request.user.has_perm("newsletter.add_issue"),
                "sections": list_sections(issue),
                "progress": read_progress(issue, now=timezone.now()) if issue.is_out else None,
            }
        return super().render_change_form(request, context, **options)


@admin.register(Delivery)
class DeliveryAdmin(ProgramWrittenAdmin):
    """One issue to one subscriber. An editor decides about deliveries whose result is unknown."""

    class Media:
        css = {"all": ["desk/newsletter.css"]}

    list_display = ["issue", "address", "state", "attempts", "reason", "finished_at"]
    list_filter = ["state", "issue"]
    list_select_related = ["issue", "subscriber"]
    search_fields = ["subscriber__email"]
    is_in_desk_search = False  # the subscriber is found
    search_help_text = "An email address, or part of one"
    actions = ["send_again", "count_as_sent"]

    @admin.display(description="subscriber", ordering="subscriber__email")
    def address(self, delivery: Delivery) -> str:
        return delivery.subscriber.email if delivery.subscriber else "erased"

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("newsletter.send_issue")

    @admin.action(description="Send again (unknown or failed)", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> None:
        number = issuing.send_again(deliveries=list(queryset.values_list("pk", flat=True)))
        self.message_user(
            request, f"{number} queued again. The others were neither unknown nor failed.", messages.SUCCESS
        )

    @admin.action(description="Count as sent (unknown)", permissions=["send"])
    def count_as_sent(self, request: HttpRequest, queryset: "QuerySet[Delivery]") -> None:
        number = issuing.count_as_sent(deliveries=list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{number} counted as sent. The others were not unknown.", messages.SUCCESS)


@admin.register(Outbox)
class OutboxAdmin(ProgramWrittenAdmin):
    list_display = ["created_at", "kind", "address", "state", "attempts", "next_attempt_at", "reason"]
    list_filter = ["state", "kind"]
    list_select_related = ["subscriber"]

    @admin.display(description="to")
    def address(self, mail: Outbox) -> str:
        return mail.subscriber.email if mail.subscriber else mail.payload.get("email", "")


@admin.register(Worker)
class WorkerAdmin(ProgramWrittenAdmin):
    """Processes that send mail. A silent worker was killed, or its machine is down."""

    list_display = ["name", "is_alive", "beat_at", "started_at", "sent", "queue_length", "oldest_at", "trouble"]

    @admin.display(boolean=True, description="alive")
    def is_alive(self, worker: Worker) -> bool:
        return not worker.is_silent()
