"""A real SMTP server on this machine that fails on demand."""

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """The messages it accepted, and the failures it simulates.

    `replies` maps a stage (`mail`, `rcpt`, `data`) to a function that takes an address and returns a reply, or None to
    accept. The reply `drop` breaks the connection; `drop-after` does so after the message was accepted.
    """

    def __init__(self) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.connections = 0
        self.replies: dict[str, Any] = {}
        self.pipelining = True
        self.random = random.Random(7)  # noqa: S311 (not for security)
        self.lock = threading.Lock()

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=default) for _, content in self.accepted]

    @property
    def recipients(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.accepted)

    def _reply(self, stage: str, address: str, server: SMTP) -> str | None:
        get_reply = self.replies.get(stage)
        reply = get_reply(address) if get_reply else None
        if reply == "drop":
            server.transport.abort()
        return reply

    # -- aiosmtpd's hooks

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self._reply("mail", address, server):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self._reply("rcpt", address, server):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self._reply("data", envelope.rcpt_tos[0], server)
        if reply and reply != "drop-after":
            return reply
        self.accepted.append((envelope.rcpt_tos[0], bytes(envelope.content or b"")))
        if reply == "drop-after":
            server.transport.abort()
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[MailServer, dict[str, Any]]]:
    """Yield a running server, and the MAILERS for it."""
    server = MailServer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port, decode_data=False)
    controller.start()
    mailers = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 5},
        }
    }
    try:
        yield server, mailers
    finally:
        controller.stop()
