"""What a mail provider reports of our mails: addresses that take none, and readers who call them spam.

django-anymail reads the report and checks who sends it. Its signals are not used: the events go straight to `note`.
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
from newsletter.models import Leaving, Subscriber
from web.caching import process_cache

_DEAD = (RejectReason.BOUNCED, RejectReason.INVALID)


@csrf_exempt
def reports(request: HttpRequest) -> HttpResponse:
    """Take a report in. 404 unless MAIL_URL names a provider and the secret that it sends along."""
    if not settings.MAIL_PROVIDER or "WEBHOOK_SECRET" not in settings.ANYMAIL:
        raise Http404
    return _view(settings.MAIL_PROVIDER)(request)


def note(event: AnymailTrackingEvent) -> None:
    """Write no more to an address that is dead or complains; let one leave that says so to its provider. Other events
    (sent, deferred, delivered) change nothing, and opened or clicked is nobody's business.
    """
    if not event.recipient:
        return
    if event.event_type == EventType.COMPLAINED:
        suppress(email=event.recipient, reason=Leaving.COMPLAINED)
    elif event.event_type in (EventType.BOUNCED, EventType.REJECTED) and event.reject_reason in _DEAD:
        if _is_for_now(event.esp_event or {}):
            return
        suppress(email=event.recipient, reason=Leaving.BOUNCED)
    elif event.event_type == EventType.UNSUBSCRIBED:
        for subscriber in Subscriber.objects.filter(email__iexact=event.recipient):
            Subscriber.objects.leave(subscriber.pk)


def _is_for_now(report: dict[str, Any]) -> bool:
    """Whether a provider calls a bounce soft, as of a full mailbox; django-anymail calls some of these bounces, too."""
    inner = report.get("data")
    kinds = [report.get("Type"), report.get("event"), inner.get("type") if isinstance(inner, dict) else ""]
    return report.get("hard_bounce") is False or any("soft" in str(kind).lower() for kind in kinds)


class _Noted(AnymailBaseWebhookView):
    """What is done with the events of a report, for every provider's view."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.run_validators(request)
        for event in self.parse_events(request):
            note(event)
        return HttpResponse()


@process_cache(maxsize=None)
def _view(provider: str) -> Callable[[HttpRequest], HttpResponse]:
    """django-anymail's view of a provider, with what we do about its events."""
    module = import_module(f"anymail.webhooks.{provider}")
    [found] = [
        value
        for name, value in vars(module).items()
        if name.endswith("TrackingWebhookView") and value.__module__ == module.__name__
    ]
    return type(found.__name__, (_Noted, found), {}).as_view()  # type: ignore[attr-defined] # a View
