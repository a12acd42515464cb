"""Reports of mail providers: bounces and complaints suppress an address, and only the provider may report."""

import json
from base64 import b64encode

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from config.mail import PROVIDERS, parse_mail_url
from newsletter.models import Subscriber, Suppression
from newsletter.views.reports import _get_provider_view, _is_soft_bounce
from tests import factories as make

pytestmark = pytest.mark.django_db
SECRET = "provider:long-secret"
AUTHORIZED = {"authorization": "Basic " + b64encode(SECRET.encode()).decode()}


@pytest.fixture(autouse=True)
def postmark(settings, tmp_path):
    found = parse_mail_url(f"anymail+postmark:?server_token=abc&webhook_secret={SECRET}", data_dir=tmp_path)
    settings.MAIL_PROVIDER, settings.ANYMAIL = found.provider, found.anymail
    return found


def report(record: dict, **headers):
    client = Client(enforce_csrf_checks=True)
    return client.post(
        "/newsletter/reports/", json.dumps(record), content_type="application/json", headers=headers or AUTHORIZED
    )


@pytest.mark.parametrize(
    ("record", "status", "suppressed"),
    [
        ({"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1}, "Mail bounced", ["bounced"]),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, "Called our mail spam", ["complained"]),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "TypeCode": 4096}, "Confirmed", []),
        ({"RecordType": "Delivery"}, "Confirmed", []),
        ({"RecordType": "Open"}, "Confirmed", []),
    ],
)
def test_dead_and_complaining_addresses_are_suppressed(record, status, suppressed):
    make.subscriber(email="Ada@example.com")
    response = report({"Email": "ada@example.com", "Recipient": "ada@example.com", **record})
    assert response.status_code == 200
    assert Subscriber.objects.get().status == status
    assert list(Suppression.objects.values_list("reason", flat=True)) == suppressed


def test_report_may_spell_the_domain_in_unicode():
    make.subscriber(email="me@xn--fa-hia.de")
    report({"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": "me@faß.de"})
    assert Subscriber.objects.get().status == "Called our mail spam"
    assert Suppression.objects.for_email("me@xn--fa-hia.de").exists()


@pytest.mark.parametrize(
    ("report", "is_soft"),
    [
        ({"event": "soft_bounce"}, True),
        ({"event": "hard_bounce"}, False),
        ({"data": {"type": "soft_bounced"}}, True),
        ({"data": {"type": "hard_bounced"}}, False),
        ({"event": "bounce", "hard_bounce": False}, True),
        ({"event": "bounce", "hard_bounce": True}, False),
        ({"data": None}, False),
    ],
)
def test_soft_bounces_of_each_provider_are_recognized(report, is_soft):
    assert _is_soft_bounce(report) is is_soft


def test_only_the_provider_may_report():
    make.subscriber(email="ada@example.com")
    record = {"RecordType": "Bounce", "Type": "HardBounce", "Email": "ada@example.com"}
    for headers in ({"authorization": "Basic eDp5"}, {"x": "y"}):
        assert report(record, **headers).status_code == 400
    assert Subscriber.objects.get().status == "Confirmed"


def test_webhook_is_404_without_a_provider_and_its_secret(settings):
    settings.ANYMAIL = {}
    assert report({}).status_code == 404
    settings.MAIL_PROVIDER = ""
    assert report({}).status_code == 404


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_is_configured_without_tracking(provider, settings, tmp_path):
    options = "api_key=a&api_token=a&server_token=a&secret_key=b&sender_domain=x.example&webhook_secret=a:b"
    found = parse_mail_url(f"anymail+{provider}:?{options}", data_dir=tmp_path)
    assert found.mailer == {"BACKEND": f"anymail.backends.{provider}.EmailBackend"}
    assert found.anymail["SEND_DEFAULTS"] == {"track_opens": False, "track_clicks": False}
    settings.ANYMAIL, settings.MAILERS = found.anymail, {"default": found.mailer}
    from django.core.mail import mailers

    assert mailers.default.send_defaults == found.anymail["SEND_DEFAULTS"]
    assert _get_provider_view(provider).view_class.__mro__[1].__name__ == "_EventHandler"


@pytest.mark.parametrize(
    "url",
    [
        "postmark:?server_token=a",
        "anymail+nobody:?a=b",
        "anymail:?a=b",
        "smtp:",
        "smtp://host:port",
        "smtp://host:70000",
        "anymail+postmark:?webhook_secret=a",
    ],
)
def test_invalid_mail_url_is_refused(url, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=r"MAIL_URL"):
        parse_mail_url(url, data_dir=tmp_path)
