"""A message to many readers: rendered and encoded once, with gaps for what differs between readers.

Building and encoding a message takes Python several milliseconds, and all messages of an issue to readers of the same
categories differ in only four places: the address, the message id, and two links. So Django builds the message once
with placeholders in these places, and the result is split at the placeholders.
"""

import re
from dataclasses import dataclass
from email.policy import SMTP

from newsletter.messages import Links, Message

_FIELDS = ("recipient", "message_id", "unsubscribe", "preferences")
# No encoding changes these characters, and the placeholders are too short to be folded in a header.
_PLACEHOLDERS = {name: f"gap-{name.replace('_', '-')}-7c1e0a" for name in _FIELDS}
_RECIPIENT = f"{_PLACEHOLDERS['recipient']}@gap.invalid"
_MESSAGE_ID = f"<{_PLACEHOLDERS['message_id']}@gap.invalid>"
PLACEHOLDER_LINKS = Links(
    unsubscribe=f"https://{_PLACEHOLDERS['unsubscribe']}/", preferences=f"https://{_PLACEHOLDERS['preferences']}/"
)
_FIELD_OF_TEXT = {
    _RECIPIENT: "recipient",
    _MESSAGE_ID: "message_id",
    PLACEHOLDER_LINKS.unsubscribe: "unsubscribe",
    PLACEHOLDER_LINKS.preferences: "preferences",
}
_SOFT_BREAK = b"=\r\n"  # quoted-printable: the line continues


def _allow_soft_breaks(text: str) -> str:
    """Return a pattern for a text that also matches where quoted-printable has broken the line within it."""
    return "(?:=\r\n)?".join(map(re.escape, text))


_GAP = re.compile("|".join(f"(?P<{name}>{_allow_soft_breaks(text)})" for text, name in _FIELD_OF_TEXT.items()).encode())


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message built with PLACEHOLDER_LINKS, ready to be filled in."""

    message: Message
    pieces: tuple[bytes, ...]
    gaps: tuple[str, ...]
    """The field between two pieces, with `:body` appended where the text is quoted-printable."""

    def fill(self, *, recipient: str, message_id: str, links: Links) -> bytes:
        """Return the message to one reader, as it goes over the wire."""
        values = {
            "recipient": recipient.encode("ascii"),
            "message_id": message_id.encode("ascii"),
            "unsubscribe": links.unsubscribe.encode("ascii"),
            "preferences": links.preferences.encode("ascii"),
        }
        values |= {f"{name}:body": _encode_quoted_printable(value) for name, value in values.items()}
        filled = [self.pieces[0]]
        for gap, piece in zip(self.gaps, self.pieces[1:], strict=True):
            filled += (values[gap], piece)
        return b"".join(filled)


def compile_template(message: Message) -> MessageTemplate:
    """Return a template from a message that was built with PLACEHOLDER_LINKS."""
    identified = Message(message.subject, message.text, message.html, {**message.headers, "Message-ID": _MESSAGE_ID})
    built = identified.to_email(_RECIPIENT).message(policy=SMTP)
    for part in built.walk():
        if not part.is_multipart():  # keeps lines short and uses seven bits only, which every server accepts
            part.set_content(part.get_content(), subtype=part.get_content_subtype(), cte="quoted-printable")
    content = built.as_bytes()
    start_of_bodies = content.index(b"\r\n\r\n")
    pieces, gaps, position = [], [], 0
    for gap in _GAP.finditer(content):
        assert gap.lastgroup is not None  # noqa: S101 (every branch of the pattern has a name)
        pieces.append(content[position : gap.start()])
        gaps.append(gap.lastgroup + (":body" if gap.start() > start_of_bodies else ""))
        position = gap.end()
    return MessageTemplate(message, (*pieces, content[position:]), tuple(gaps))


def _encode_quoted_printable(value: bytes) -> bytes:
    """Return a link in quoted-printable, on lines of its own that end in soft breaks."""
    lines = re.findall(rb"(?:=3D|[^=]){1,24}", value.replace(b"=", b"=3D"))  # up to 72 characters
    return _SOFT_BREAK + _SOFT_BREAK.join(lines) + _SOFT_BREAK
