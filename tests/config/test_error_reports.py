"""Reports to Sentry, through a transport that keeps them: what they have, and what they never have."""

import json
import logging

import pytest
import sentry_sdk
from django.core import signals
from django.db import IntegrityError, close_old_connections
from django.test import Client, RequestFactory
from sentry_sdk.transport import Transport

from config.error_reports import start_reporting
from config.wsgi import application
from newsletter.models import Suppression

DSN = "https://key@sentry.example/1"
PRIVATE = ("ada@example.com", "198.51.100.7", "SECRET", "a-cookie", "Firefox", "192.0.2.1")


class Recorder(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict] = []

    def capture_envelope(self, envelope) -> None:
        if event := envelope.get_event():
            self.events.append(json.loads(json.dumps(event, default=str)))


@pytest.fixture
def reports():
    recorder = Recorder()
    start_reporting(DSN, environment="test", transport=recorder)
    yield recorder.events
    sentry_sdk.get_client().close()
    sentry_sdk.init()  # without a DSN: reports nothing


@pytest.mark.django_db
def test_report_of_an_exception_says_where_and_nothing_of_whom(reports, monkeypatch):
    def fail(*arguments, **keywords):
        email = "ada@example.com"
        Suppression.objects.create(digest=email)
        Suppression.objects.create(digest=email)

    monkeypatch.setattr("newsletter.views.links.render", fail)
    sender = RequestFactory(
        headers={"user-agent": "Firefox", "x-forwarded-for": "198.51.100.7", "x-request-id": "from-proxy"},
        REMOTE_ADDR="192.0.2.1",
    )
    sender.cookies["sessionid"] = "a-cookie"
    path, form = "/newsletter/confirm/SECRET/?q=ada@example.com", {"email": "ada@example.com"}
    environ = sender.post(path, form).environ
    statuses: list[str] = []
    signals.request_started.disconnect(close_old_connections)  # which would end the transaction of the test
    try:
        b"".join(application(environ, lambda status, headers, *_: statuses.append(status)))
    finally:
        signals.request_started.connect(close_old_connections)
    assert statuses == ["500 Internal Server Error"]
    [event] = reports
    [*_, exception] = event["exception"]["values"]
    assert (exception["type"], exception["value"][:30]) == (IntegrityError.__name__, "duplicate key value violates u")
    assert exception["stacktrace"]["frames"][-1]["function"]
    assert event["request"] == {"method": "POST", "url": "http://testserver/newsletter/confirm/…/"}
    assert event["tags"]["request_id"] == "from-proxy"
    for frame in [frame for value in event["exception"]["values"] for frame in value["stacktrace"]["frames"]]:
        for key in ("context_line", "pre_context", "post_context"):  # this file's own source
            frame.pop(key, None)
    text = json.dumps(event)
    assert [word for word in PRIVATE if word in text] == []


def test_logged_error_is_reported_and_a_foreign_host_is_not(reports):
    logging.getLogger("newsletter.daily").error("The tally differs from the votes in %d places.", 3)
    Client(headers={"host": "evil.example"}).get("/healthz")
    logging.getLogger("django.security.DisallowedHost").error("Invalid HTTP_HOST header")
    assert [event["logentry"] for event in reports] == [{"message": "The tally differs from the votes in 3 places."}]
