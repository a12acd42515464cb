"""What comes of handing a mail to a real server that refuses, breaks off, or takes it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.mail import EmailMultiAlternatives

from config.mail import parse_mail_url
from newsletter.models import State
from newsletter.outgoing import MessageParcel
from newsletter.transport import Outcome, open_transport
from tests.newsletter.mailserver import mail_server


def parcel(to: str = "ada@example.com", text: str = "Hello.\n.\n..dots\n") -> MessageParcel:
    return MessageParcel(EmailMultiAlternatives("Words", text, "Shipside <hello@shipside.example>", [to]))


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def server(settings, request):
    with mail_server() as (server, mailers):
        settings.MAILERS = mailers
        server.pipelining = request.param
        yield server


def test_mails_go_over_one_connection_as_they_were_written(server):
    transport = open_transport()
    for name in ("ada", "bob", "cyd"):
        assert transport.send(parcel(f"{name}@example.com")) == Outcome(State.SENT)
    transport.close()
    assert server.connections == 1
    assert list(server.recipients) == ["ada@example.com", "bob@example.com", "cyd@example.com"]
    assert {message.get_content() for message in server.messages} == {"Hello.\r\n.\r\n..dots\r\n"}


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("mail", "450 4.7.1 slower", Outcome(State.QUEUED, "the server said to our sender: 450 4.7.1 slower")),
        ("mail", "550 who?", Outcome(State.QUEUED, "the server said to our sender: 550 who?", is_our_trouble=True)),
        ("rcpt", "451 later", Outcome(State.QUEUED, "the server said to the address: 451 later")),
        ("rcpt", "550 gone", Outcome(State.FAILED, "the server said to the address: 550 gone", is_address_dead=True)),
        ("data", "452 full", Outcome(State.QUEUED, "the server said after the message: 452 full")),
        ("data", "554 spam", Outcome(State.FAILED, "the server said after the message: 554 spam")),
    ],
)
def test_refusal_is_told_and_the_next_mail_goes_over_the_same_connection(server, stage, reply, outcome):
    server.replies[stage] = lambda address: reply if not server.taken and len(refused) < 1 else None
    refused: list[Outcome] = []
    transport = open_transport()
    refused.append(transport.send(parcel()))
    assert refused == [outcome]
    assert transport.send(parcel("bob@example.com")) == Outcome(State.SENT)
    transport.close()
    assert (server.connections, list(server.recipients)) == (1, ["bob@example.com"])


@pytest.mark.parametrize("stage", ["mail", "rcpt"])
def test_connection_that_breaks_before_the_message_is_tried_again(server, stage):
    server.replies[stage] = lambda address: "drop"
    outcome = open_transport().send(parcel())
    assert (outcome.state, outcome.is_our_trouble) == (State.QUEUED, False)
    assert server.taken == []


@pytest.mark.parametrize(("reply", "taken"), [("drop", 0), ("drop-after", 1)])
def test_connection_that_breaks_before_the_answer_leaves_it_unknown(server, reply, taken):
    server.replies["data"] = lambda address: reply
    assert open_transport().send(parcel()).state == State.UNKNOWN
    assert len(server.taken) == taken


def test_stale_connection_is_opened_anew_without_a_word(server):
    transport = open_transport()
    transport.send(parcel())
    transport._backend.connection.sock.shutdown(2)
    assert transport.send(parcel("bob@example.com")) == Outcome(State.SENT)
    transport.close()
    assert (server.connections, len(server.taken)) == (2, 2)


def test_no_server_is_no_fault_of_the_mail(settings):
    with mail_server() as (_, mailers):
        settings.MAILERS = mailers
    outcome = open_transport().send(parcel())
    assert (outcome.state, outcome.is_our_trouble) == (State.QUEUED, True)


INACTIVE = (
    "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ada@example.com. "
    "Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression."
)


@contextmanager
def provider(status: int | None, answer: dict[str, object]) -> Iterator[str]:
    """A provider's API on this machine that gives one answer (None: it hangs up), and its address."""

    class Answering(BaseHTTPRequestHandler):
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

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
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
        (200, {"ErrorCode": 0, "Message": "OK", "To": "ada@example.com", "MessageID": "x"}, State.SENT, False, False),
        (422, {"ErrorCode": 406, "Message": INACTIVE}, State.FAILED, False, True),
        (422, {"ErrorCode": 403, "Message": "No."}, State.FAILED, False, False),
        (401, {"ErrorCode": 10, "Message": "Bad token"}, State.QUEUED, True, False),
        (429, {}, State.QUEUED, True, False),
        (500, {}, State.QUEUED, True, False),
        (None, {}, State.UNKNOWN, False, False),
    ],
)
def test_what_a_provider_answers(settings, tmp_path, status, answer, state, is_ours, is_dead):
    with provider(status, answer) as url:
        found = parse_mail_url(f"anymail+postmark:?server_token=a&api_url={url}", data_dir=tmp_path)
        settings.MAILERS, settings.ANYMAIL = {"default": found.mailer}, found.anymail
        outcome = open_transport().send(parcel())
    assert (outcome.state, outcome.is_our_trouble, outcome.is_address_dead) == (state, is_ours, is_dead)
    if status == 200:
        # It is away: it cannot have taken the mail, so that nothing is unknown.
        outcome = open_transport().send(parcel())
        assert (outcome.state, outcome.is_our_trouble) == (State.QUEUED, True)


def test_mail_that_django_refuses_to_write_has_failed(settings, tmp_path):
    settings.MAILERS = {"default": parse_mail_url("", data_dir=tmp_path).mailer}
    outcome = open_transport().send(
        MessageParcel(EmailMultiAlternatives("One\ntwo", "x", "a@b.example", ["c@d.example"]))
    )
    assert (outcome.state, outcome.is_our_trouble) == (State.FAILED, False)


@pytest.mark.parametrize(
    "address", ["ada@example.com>\r\nRCPT TO:<bob@example.com", "a b@example.com", "ä@example.com"]
)
def test_what_is_no_address_reaches_no_server(server, address):
    class Odd:
        sender = "hello@shipside.example"
        recipient = address

        def as_bytes(self):
            return b"Subject: x\r\n\r\nx\r\n"

    assert open_transport().send(Odd()).state == State.FAILED
    assert server.connections == 0
