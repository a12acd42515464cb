"""Webhooks for reports of mail providers: bounces, complaints, and unsubscriptions.

django-anymail parses the report and authenticates the sender. Its signals are not used: the events go directly to
`handle_event`.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.base import AnymailBaseWebhookView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from newsletter.actions import suppress
from newsletter.models import LeaveReason, Subscriber
from web.caching import process_cache
from web.mail_addresses import encode_address

_DEAD_ADDRESS = (RejectReason.BOUNCED, RejectReason.INVALID)


@csrf_exempt
def reports(request: HttpRequest) -> HttpResponse:
    """Handle a report. 404 unless MAIL_URL names a provider and the secret that it sends."""
    if not settings.MAIL_PROVIDER or "WEBHOOK_SECRET" not in settings.ANYMAIL:
        raise Http404
    return _get_provider_view(settings.MAIL_PROVIDER)(request)


def handle_event(event: AnymailTrackingEvent) -> None:
    """Suppress an address that is dead or complains, and take one off the list that unsubscribes at its provider.

    Other events (sent, deferred, delivered) change nothing. Opens and clicks are not tracked.
    """
    if not event.recipient:
        return
    recipient = encode_address(event.recipient)
    if event.event_type == EventType.COMPLAINED:
        suppress(email=recipient, reason=LeaveReason.COMPLAINED)
    elif event.event_type in (EventType.BOUNCED, EventType.REJECTED) and event.reject_reason in _DEAD_ADDRESS:
        if _is_soft_bounce(event.esp_event or {}):
            return
        suppress(email=recipient, reason=LeaveReason.BOUNCED)
    elif event.event_type == EventType.UNSUBSCRIBED:
        for subscriber in Subscriber.objects.filter(email__iexact=recipient):
            Subscriber.objects.leave(subscriber.pk)


def _is_soft_bounce(report: dict[str, Any]) -> bool:
    """Return whether a bounce is soft (a full mailbox), which django-anymail does not always tell from a hard one."""
    inner = report.get("data")
    kinds = [report.get("Type"), report.get("event"), inner.get("type") if isinstance(inner, dict) else ""]
    return report.get("hard_bounce") is False or any("soft" in str(kind).lower() for kind in kinds)


class _EventHandler(AnymailBaseWebhookView):
    """A mixin for the view of each provider that handles the events of a report."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.run_validators(request)
        for event in self.parse_events(request):
            handle_event(event)
        return HttpResponse()


@process_cache(maxsize=None)
def _get_provider_view(provider: str) -> Callable[[HttpRequest], HttpResponse]:
    """Return django-anymail's view for a provider, with our handling of its events."""
    module = import_module(f"anymail.webhooks.{provider}")
    [found] = [
        value
        for name, value in vars(module).items()
        if name.endswith("TrackingWebhookView") and value.__module__ == module.__name__
    ]
    return type(found.__name__, (_EventHandler, found), {}).as_view()  # type: ignore[attr-defined] # a View
