"""Handing a mail over, and what came of it: to an SMTP server on a connection that is kept, or to whatever else MAILERS
names.
"""

import re
import smtplib
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from urllib3.exceptions import ConnectTimeoutError, SSLError

from newsletter.models import State

_PLAIN_ADDRESS = re.compile(r"[!-;=?-~]+")  # printable ASCII without angle brackets


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a mail: SENT, FAILED, UNKNOWN, or QUEUED when it is to be tried again."""

    state: State
    reason: str = ""
    is_address_dead: bool = False
    """Its server says for good that the address takes no mail."""
    is_our_trouble: bool = False
    """It has nothing to do with this mail: the next one would fare no better."""


SENT = Outcome(State.SENT)


def retry_at(attempts: int) -> timedelta:
    """How long to wait after so many attempts: four times longer each time, up to half a day."""
    return timedelta(seconds=min(settings.NEWSLETTER_RETRY_SECONDS * 4 ** (attempts - 1), 12 * 3600))


class Parcel(Protocol):
    """A mail that is ready to go."""

    @property
    def sender(self) -> str:
        """The address in the envelope."""

    @property
    def recipient(self) -> str: ...

    def as_bytes(self) -> bytes:
        """The message as it goes over the wire, lines ending in CRLF."""

    def as_message(self) -> EmailMessage: ...


class Transport(Protocol):
    def send(self, parcel: Parcel) -> Outcome:
        """Hand one mail over. Whatever goes wrong with it is in the outcome, not raised."""

    def close(self) -> None: ...


def open_transport() -> Transport:
    """The way that MAILERS says."""
    backend = mailers.default
    return SmtpTransport(backend) if isinstance(backend, SmtpBackend) else BackendTransport(backend)


class BackendTransport:
    """Files, memory (in tests) or a mail provider, by Django's interface."""

    def __init__(self, backend: BaseEmailBackend) -> None:
        self._backend = backend

    def send(self, parcel: Parcel) -> Outcome:
        try:
            self._backend.send_messages([parcel.as_message()])
        except AnymailRecipientsRefused as error:
            return Outcome(State.FAILED, _words(error), is_address_dead=True)
        except AnymailAPIError as error:
            return _of_provider(error)
        except (OSError, ImproperlyConfigured) as error:  # a full disk, no way to a provider, or no account there
            return Outcome(State.QUEUED, _words(error), is_our_trouble=True)
        except (AnymailError, ValueError) as error:  # it never left: a provider's library, or Django, refused it
            return Outcome(State.FAILED, _words(error))
        return SENT

    def close(self) -> None:
        self._backend.close()


def _of_provider(error: AnymailAPIError) -> Outcome:
    """A provider that answered has not taken the mail. One from which no answer came may have, if it was reached."""
    status = getattr(error, "status_code", None)
    if status is None and _was_not_reached(error):
        return Outcome(State.QUEUED, _words(error.__cause__ or error), is_our_trouble=True)
    if status is None:
        return Outcome(State.UNKNOWN, _words(error))
    if status == 429 or status >= 500 or status in (401, 402, 403):
        return Outcome(State.QUEUED, _words(error), is_our_trouble=True)
    return Outcome(State.FAILED, _words(error))


def _was_not_reached(error: AnymailAPIError) -> bool:
    """Whether no connection to a provider came about: its name is not known, or nobody answers there."""
    asked = error.__cause__  # as requests tells it, around what urllib3 does
    inner = asked.args[0] if asked is not None and asked.args else None
    return isinstance(getattr(inner, "reason", inner), (ConnectTimeoutError, SSLError))


class SmtpTransport:
    """One connection to an SMTP server, opened when needed and kept from mail to mail.

    Envelope commands go together where the server allows it (RFC 2920). The dot that ends a message is sent apart from
    it: as long as it has not been, the server cannot have taken the mail, and what broke may be tried again. What
    breaks between the dot and the answer can be known by nobody.
    """

    def __init__(self, backend: SmtpBackend) -> None:
        self._backend = backend

    def send(self, parcel: Parcel) -> Outcome:
        is_kept = self._backend.connection is not None
        try:
            envelope = [self._address(parcel.sender), self._address(parcel.recipient)]
        except ValueError as error:
            return Outcome(State.FAILED, _words(error))
        try:
            connection = self._connected()
        except OSError as error:  # smtplib's errors are OSErrors
            self._drop()
            return Outcome(State.QUEUED, f"no connection: {_words(error)}", is_our_trouble=True)
        try:
            refused = _envelope(connection, *envelope)
            if refused is None:
                connection.send(_dotted(parcel.as_bytes()))
        except OSError as error:
            self._drop()
            if is_kept:  # it had gone stale; nothing of this mail has been taken
                return self.send(parcel)
            return Outcome(State.QUEUED, f"the connection broke before the mail was handed over: {_words(error)}")
        return refused if refused is not None else self._finish(connection)

    def _finish(self, connection: smtplib.SMTP) -> Outcome:
        try:
            connection.send(b".\r\n")
            code, words = connection.getreply()
        except OSError as error:
            self._drop()
            return Outcome(State.UNKNOWN, f"the connection broke before the server’s answer: {_words(error)}")
        if 200 <= code < 300:
            return SENT
        if 400 <= code < 600:
            if code == 421:
                self._drop()
            return Outcome(State.QUEUED if code < 500 else State.FAILED, _reply("after the message", code, words))
        self._drop()
        return Outcome(State.UNKNOWN, _reply("after the message", code, words))

    def _address(self, address: str) -> str:
        """An address as the envelope takes it. Raises ValueError for what is none."""
        return address if _PLAIN_ADDRESS.fullmatch(address) else self._backend.prep_address(address)

    def _connected(self) -> smtplib.SMTP:
        is_new = self._backend.open()
        connection = self._backend.connection
        if connection is None or connection.sock is None:
            raise smtplib.SMTPServerDisconnected("there is none")
        if is_new:  # the dot goes in a packet of its own, and must not wait until the message is acknowledged
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.ehlo_or_helo_if_needed()
        return connection

    def _drop(self) -> None:
        """Forget the connection without a farewell: it is broken, or about to be."""
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        try:
            self._backend.close()
        except OSError:
            self._drop()


def _envelope(connection: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
    """Say from whom and to whom, and that a message follows. None when the server waits for it, else what came of it.

    Raises OSError when the connection breaks.
    """
    commands = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"]
    if connection.has_extn("pipelining"):
        connection.send("".join(f"{command}\r\n" for command in commands).encode("ascii"))
        replies = [_heard(connection) for _ in commands]
    else:
        replies = []
        for command in commands:
            connection.send(f"{command}\r\n".encode("ascii"))
            replies.append(_heard(connection))
            if not _goes_on(replies[-1][0]):
                break
    place, (code, words) = next(
        ((place, reply) for place, reply in enumerate(replies) if not _goes_on(reply[0])), (2, replies[-1])
    )
    if code == 354:
        return None
    if replies[-1][0] == 354:  # it waits for a message although nobody is to have it
        connection.send(b".\r\n")
        _heard(connection)
    connection.rset()
    return _refusal(place, code, words)


def _heard(connection: smtplib.SMTP) -> tuple[int, bytes]:
    code, words = connection.getreply()
    if code == 421:  # it says goodbye
        raise smtplib.SMTPServerDisconnected(_reply("", code, words))
    return code, words


def _goes_on(code: int) -> bool:
    return 200 <= code < 400


def _refusal(place: int, code: int, words: bytes) -> Outcome:
    reason = _reply(("to our sender", "to the address", "to the message")[place], code, words)
    if code < 500:
        return Outcome(State.QUEUED, reason)
    if place == 0:
        return Outcome(State.QUEUED, reason, is_our_trouble=True)
    return Outcome(State.FAILED, reason, is_address_dead=place == 1)


def _dotted(message: bytes) -> bytes:
    """A message as it stands between DATA and its dot (RFC 5321, 4.5.2)."""
    message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def _reply(to: str, code: int, words: bytes) -> str:
    return f"the server said {to}: {code} {words.decode(errors='replace')}"[:500]


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:400]
