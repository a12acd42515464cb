"""Transports, which hand messages over and report the result: SMTP on a persistent connection, or any other backend
that MAILERS names.
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

from newsletter.models import MAX_REASON_LENGTH, SendState

_PLAIN_ADDRESS = re.compile(r"[!-;=?-~]+")  # printable ASCII without angle brackets
_STEPS = ("to MAIL FROM", "to RCPT TO", "to DATA")


@dataclass(frozen=True, slots=True)
class SendResult:
    """The result of sending one message: SENT, FAILED, UNKNOWN, or QUEUED if it should be retried."""

    state: SendState
    reason: str = ""
    is_address_dead: bool = False
    """Its server refuses mail to the address permanently."""
    is_our_fault: bool = False
    """The message is not the cause: the next one would fail as well."""


SENT = SendResult(SendState.SENT)


def get_retry_delay(attempts: int) -> timedelta:
    """Return how long to wait after `attempts` attempts: four times longer each time, up to twelve hours."""
    return timedelta(seconds=min(settings.NEWSLETTER_RETRY_SECONDS * 4 ** (attempts - 1), 12 * 3600))


class OutgoingMessage(Protocol):
    """A message that is ready to send."""

    @property
    def sender(self) -> str:
        """The address in the envelope."""

    @property
    def recipient(self) -> str: ...

    def as_bytes(self) -> bytes:
        """Return the message as it goes over the wire, with lines that end in CRLF."""

    def as_email(self) -> EmailMessage: ...


class Transport(Protocol):
    def send(self, message: OutgoingMessage) -> SendResult:
        """Hand one message over. Failures are returned as a result, not raised."""

    def close(self) -> None: ...


def open_transport() -> Transport:
    """Return the transport for the default mailer in MAILERS."""
    backend = mailers.default
    return SmtpTransport(backend) if isinstance(backend, SmtpBackend) else BackendTransport(backend)


class BackendTransport:
    """Any Django backend: files, memory (in tests), or a mail provider."""

    def __init__(self, backend: BaseEmailBackend) -> None:
        self._backend = backend

    def send(self, message: OutgoingMessage) -> SendResult:
        try:
            self._backend.send_messages([message.as_email()])
        except AnymailRecipientsRefused as error:
            return SendResult(SendState.FAILED, _describe(error), is_address_dead=True)
        except AnymailAPIError as error:
            return _interpret_provider_error(error)
        except (OSError, ImproperlyConfigured) as error:  # a full disk, an unreachable provider, or no account there
            return SendResult(SendState.QUEUED, _describe(error), is_our_fault=True)
        except (AnymailError, ValueError) as error:  # a provider's library or Django refused it before it was sent
            return SendResult(SendState.FAILED, _describe(error))
        return SENT

    def close(self) -> None:
        self._backend.close()


def _interpret_provider_error(error: AnymailAPIError) -> SendResult:
    """Return the result of a failed API call.

    A provider that answered with an error did not accept the message. If there was no answer, it may have, provided
    that a connection was made.
    """
    status = getattr(error, "status_code", None)
    if status is None and _never_connected(error):
        return SendResult(SendState.QUEUED, _describe(error.__cause__ or error), is_our_fault=True)
    if status is None:
        return SendResult(SendState.UNKNOWN, _describe(error))
    if status == 429 or status >= 500 or status in (401, 402, 403):
        return SendResult(SendState.QUEUED, _describe(error), is_our_fault=True)
    return SendResult(SendState.FAILED, _describe(error))


def _never_connected(error: AnymailAPIError) -> bool:
    """Return whether no connection to a provider was made: its name is unknown, or nothing answered."""
    cause = error.__cause__  # an exception of requests, which wraps one of urllib3
    inner = cause.args[0] if cause is not None and cause.args else None
    return isinstance(getattr(inner, "reason", inner), (ConnectTimeoutError, SSLError))


class SmtpTransport:
    """One connection to an SMTP server, opened on demand and reused.

    Envelope commands are pipelined if the server allows it (RFC 2920). The dot that ends a message is sent separately:
    until it has been sent, the server cannot have accepted the message, so a failure may be retried. If the connection
    breaks between the dot and the reply, the result is unknown.
    """

    def __init__(self, backend: SmtpBackend) -> None:
        self._backend = backend

    def send(self, message: OutgoingMessage) -> SendResult:
        is_reused = self._backend.connection is not None
        try:
            envelope = [self._prepare_address(message.sender), self._prepare_address(message.recipient)]
        except ValueError as error:
            return SendResult(SendState.FAILED, _describe(error))
        try:
            connection = self._connect()
        except OSError as error:  # smtplib's errors are OSErrors
            self._drop()
            return SendResult(SendState.QUEUED, f"no connection: {_describe(error)}", is_our_fault=True)
        try:
            refusal = _send_envelope(connection, *envelope)
            if refusal is None:
                connection.send(_escape_dots(message.as_bytes()))
        except OSError as error:
            self._drop()
            if is_reused:  # it had gone stale, and the server has accepted nothing of this message
                return self.send(message)
            return SendResult(SendState.QUEUED, f"the connection broke before the message was sent: {_describe(error)}")
        return refusal if refusal is not None else self._end_message(connection)

    def _end_message(self, connection: smtplib.SMTP) -> SendResult:
        """Send the dot that ends a message, and return the result."""
        try:
            connection.send(b".\r\n")
            code, text = connection.getreply()
        except OSError as error:
            self._drop()
            return SendResult(SendState.UNKNOWN, f"the connection broke before the server’s reply: {_describe(error)}")
        if 200 <= code < 300:
            return SENT
        if 400 <= code < 600:
            if code == 421:
                self._drop()
            state = SendState.QUEUED if code < 500 else SendState.FAILED
            return SendResult(state, _describe_reply("to the message", code, text))
        self._drop()
        return SendResult(SendState.UNKNOWN, _describe_reply("to the message", code, text))

    def _prepare_address(self, address: str) -> str:
        """Return an address as the envelope takes it. Raises ValueError if it is not an address."""
        return address if _PLAIN_ADDRESS.fullmatch(address) else self._backend.prep_address(address)

    def _connect(self) -> smtplib.SMTP:
        """Return the connection, and open it if needed. Raises OSError."""
        is_new = self._backend.open()
        connection = self._backend.connection
        if connection is None or connection.sock is None:
            raise smtplib.SMTPServerDisconnected("there is no connection")
        if is_new:
            # The dot is a packet of its own. Without this option it would wait until the message is acknowledged.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.ehlo_or_helo_if_needed()
        return connection

    def _drop(self) -> None:
        """Close the connection without QUIT: it is broken, or about to be."""
        connection, self._backend.connection = self._backend.connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        try:
            self._backend.close()
        except OSError:
            self._drop()


def _send_envelope(connection: smtplib.SMTP, sender: str, recipient: str) -> SendResult | None:
    """Send MAIL, RCPT, and DATA. Return None if the server then waits for the message, else why it refused.

    Raises OSError if the connection breaks.
    """
    commands = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"]
    if connection.has_extn("pipelining"):
        connection.send("".join(f"{command}\r\n" for command in commands).encode("ascii"))
        replies = [_read_reply(connection) for _ in commands]
    else:
        replies = []
        for command in commands:
            connection.send(f"{command}\r\n".encode("ascii"))
            replies.append(_read_reply(connection))
            if not _is_positive(replies[-1][0]):
                break
    step, (code, text) = next(
        ((step, reply) for step, reply in enumerate(replies) if not _is_positive(reply[0])), (2, replies[-1])
    )
    if code == 354:
        return None
    if replies[-1][0] == 354:  # with pipelining, the server waits for a message although it refused the recipient
        connection.send(b".\r\n")
        _read_reply(connection)
    connection.rset()
    return _interpret_refusal(step, code, text)


def _read_reply(connection: smtplib.SMTP) -> tuple[int, bytes]:
    """Return the code and text of a reply. Raises SMTPServerDisconnected for 421, which announces the end."""
    code, text = connection.getreply()
    if code == 421:
        raise smtplib.SMTPServerDisconnected(_describe_reply("", code, text))
    return code, text


def _is_positive(code: int) -> bool:
    return 200 <= code < 400


def _interpret_refusal(step: int, code: int, text: bytes) -> SendResult:
    """Return the result of a refused command; `step` is its index in _STEPS."""
    reason = _describe_reply(_STEPS[step], code, text)
    if code < 500:
        return SendResult(SendState.QUEUED, reason)
    if step == 0:  # the server refuses our sender, not this message
        return SendResult(SendState.QUEUED, reason, is_our_fault=True)
    return SendResult(SendState.FAILED, reason, is_address_dead=step == 1)


def _escape_dots(message: bytes) -> bytes:
    """Return a message as it is sent between DATA and the dot: leading dots are doubled (RFC 5321, 4.5.2)."""
    message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def _describe_reply(to: str, code: int, text: bytes) -> str:
    return f"the server replied {to}: {code} {text.decode(errors='replace')}"[:MAX_REASON_LENGTH]


def _describe(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:400]
