"""Transports against a real server that refuses a message, breaks the connection, or accepts it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.mail import EmailMultiAlternatives

from config.mail import parse_mail_url
from newsletter.models import SendState
from newsletter.outgoing import SingleMessage
from newsletter.transport import SendResult, open_transport
from tests.newsletter.mailserver import mail_server


def make_message(to: str = "ada@example.com", text: str = "Hello.\n.\n..dots\n") -> SingleMessage:
    return SingleMessage(EmailMultiAlternatives("Words", text, "Shipside <hello@shipside.example>", [to]))


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def server(settings, request):
    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.pipelining = request.param
        yield server


def test_messages_go_over_one_connection_unchanged(server):
    transport = open_transport()
    for name in ("ada", "bob", "cyd"):
        assert transport.send(make_message(f"{name}@example.com")) == SendResult(SendState.SENT)
    transport.close()
    assert server.connections == 1
    assert list(server.recipients) == ["ada@example.com", "bob@example.com", "cyd@example.com"]
    assert {message.get_content() for message in server.messages} == {"Hello.\r\n.\r\n..dots\r\n"}


@pytest.mark.parametrize(
    ("stage", "reply", "result"),
    [
        ("mail", "450 4.7.1 slower", SendResult(SendState.QUEUED, "the server replied to MAIL FROM: 450 4.7.1 slower")),
        (
            "mail",
            "550 who?",
            SendResult(SendState.QUEUED, "the server replied to MAIL FROM: 550 who?", is_our_fault=True),
        ),
        ("rcpt", "451 later", SendResult(SendState.QUEUED, "the server replied to RCPT TO: 451 later")),
        (
            "rcpt",
            "550 gone",
            SendResult(SendState.FAILED, "the server replied to RCPT TO: 550 gone", is_address_dead=True),
        ),
        ("data", "452 full", SendResult(SendState.QUEUED, "the server replied to the message: 452 full")),
        ("data", "554 spam", SendResult(SendState.FAILED, "the server replied to the message: 554 spam")),
    ],
)
def test_refusal_is_reported_and_the_connection_is_reused(server, stage, reply, result):
    server.replies[stage] = lambda address: reply if not server.accepted and len(refused) < 1 else None
    refused: list[SendResult] = []
    transport = open_transport()
    refused.append(transport.send(make_message()))
    assert refused == [result]
    assert transport.send(make_message("bob@example.com")) == SendResult(SendState.SENT)
    transport.close()
    assert (server.connections, list(server.recipients)) == (1, ["bob@example.com"])


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
def test_connection_broken_before_the_message_is_retried(server, stage):
    server.replies[stage] = lambda address: "drop"
    result = open_transport().send(make_message())
    assert (result.state, result.is_our_fault) == (SendState.QUEUED, False)
    assert server.accepted == []


@pytest.mark.parametrize(("reply", "accepted"), [("drop", 0), ("drop-after", 1)])
def test_connection_broken_before_the_reply_is_unknown(server, reply, accepted):
    server.replies["data"] = lambda address: reply
    assert open_transport().send(make_message()).state == SendState.UNKNOWN
    assert len(server.accepted) == accepted


def test_stale_connection_is_reopened(server):
    transport = open_transport()
    transport.send(make_message())
    transport._backend.connection.sock.shutdown(2)
    assert transport.send(make_message("bob@example.com")) == SendResult(SendState.SENT)
    transport.close()
    assert (server.connections, len(server.accepted)) == (2, 2)


def test_unreachable_server_is_our_fault(settings):
    with mail_server() as (_, mailers):
        settings.MAILERS = mailers
    result = open_transport().send(make_message())
    assert (result.state, result.is_our_fault) == (SendState.QUEUED, True)


INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ada@example.com. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
)


@contextmanager
def provider(status: int | None, answer: dict[str, object]) -> Iterator[str]:
    """Yield the URL of a provider's API on this machine that gives one answer; with status None it hangs up."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "answer", "state", "is_ours", "is_dead"),
    [
        (
            200,
            {"ErrorCode": 0, "Message": "OK", "To": "ada@example.com", "MessageID": "x"},
            SendState.SENT,
            False,
            False,
        ),
        (422, {"ErrorCode": 406, "Message": INACTIVE}, SendState.FAILED, False, True),
        (422, {"ErrorCode": 403, "Message": "No."}, SendState.FAILED, False, False),
        (401, {"ErrorCode": 10, "Message": "Bad token"}, SendState.QUEUED, True, False),
        (429, {}, SendState.QUEUED, True, False),
        (500, {}, SendState.QUEUED, True, False),
        (None, {}, SendState.UNKNOWN, False, False),
    ],
)
def test_provider_errors_are_interpreted(settings, tmp_path, status, answer, state, is_ours, is_dead):
    with provider(status, answer) as url:
        found = parse_mail_url(f"anymail+postmark:?server_token=a&api_url={url}", data_dir=tmp_path)
        settings.MAILERS, settings.ANYMAIL = {"default": found.mailer}, found.anymail
        result = open_transport().send(make_message())
    assert (result.state, result.is_our_fault, result.is_address_dead) == (state, is_ours, is_dead)
    if status == 200:
        # The provider is unreachable now, so it cannot have accepted the message, and the result is known.
        result = open_transport().send(make_message())
        assert (result.state, result.is_our_fault) == (SendState.QUEUED, True)


def test_message_that_django_refuses_has_failed(settings, tmp_path):
    settings.MAILERS = {"default": parse_mail_url("", data_dir=tmp_path).mailer}
    result = open_transport().send(
        SingleMessage(EmailMultiAlternatives("One\ntwo", "x", "a@b.example", ["c@d.example"]))
    )
    assert (result.state, result.is_our_fault) == (SendState.FAILED, False)


@pytest.mark.parametrize(
    "address", ["ada@example.com>\r\nRCPT TO:<bob@example.com", "a b@example.com", "ä@example.com"]
)
def test_invalid_address_never_reaches_a_server(server, address):
    class InvalidMessage:
        sender = "hello@shipside.example"
        recipient = address

        def as_bytes(self):
            return b"Subject: x\r\n\r\nx\r\n"

    assert open_transport().send(InvalidMessage()).state == SendState.FAILED
    assert server.connections == 0
