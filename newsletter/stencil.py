"""A letter to many: written and encoded once, with gaps where each reader's own words go.

To build and encode a message takes Python some milliseconds, and all mails of an issue to readers of the same
categories differ in four places: the address, the id, and two links. So the message is made once by Django with marks
in these places, and cut at the marks.
"""

import re
from dataclasses import dataclass
from email.policy import SMTP

from newsletter.letters import Letter, Links

_FIELDS = ("recipient", "message_id", "unsubscribe", "preferences")
# Nothing that an encoding would touch; each as long as a line can be without being broken.
_MARKS = {name: f"gap-{name.replace('_', '-')}-7c1e0a" for name in _FIELDS}
_RECIPIENT = f"{_MARKS['recipient']}@gap.invalid"
_MESSAGE_ID = f"<{_MARKS['message_id']}@gap.invalid>"
LINKS = Links(unsubscribe=f"https://{_MARKS['unsubscribe']}/", preferences=f"https://{_MARKS['preferences']}/")
_TEXTS = {
    _RECIPIENT: "recipient",
    _MESSAGE_ID: "message_id",
    LINKS.unsubscribe: "unsubscribe",
    LINKS.preferences: "preferences",
}
_SOFT_BREAK = b"=\r\n"  # quoted-printable: the line goes on


def _anywhere(mark: str) -> str:
    """A pattern for a mark, also where quoted-printable has broken the line within it."""
    return "(?:=\r\n)?".join(map(re.escape, mark))


_GAP = re.compile("|".join(f"(?P<{name}>{_anywhere(text)})" for text, name in _TEXTS.items()).encode())


@dataclass(frozen=True, slots=True)
class Stencil:
    """A letter that was made with LINKS, ready to be filled in."""

    letter: Letter
    pieces: tuple[bytes, ...]
    gaps: tuple[str, ...]
    """What goes between two pieces: a field's name, with `:body` behind it where the text is quoted-printable."""

    def filled(self, *, recipient: str, message_id: str, links: Links) -> bytes:
        """The message to one reader, as it goes over the wire."""
        values = {
            "recipient": recipient.encode("ascii"),
            "message_id": message_id.encode("ascii"),
            "unsubscribe": links.unsubscribe.encode("ascii"),
            "preferences": links.preferences.encode("ascii"),
        }
        values |= {f"{name}:body": _quoted(value) for name, value in values.items()}
        made = [self.pieces[0]]
        for gap, piece in zip(self.gaps, self.pieces[1:], strict=True):
            made += (values[gap], piece)
        return b"".join(made)


def stencil(letter: Letter) -> Stencil:
    """Cut a stencil from a letter that was made with LINKS."""
    message = Letter(letter.subject, letter.text, letter.html, {**letter.headers, "Message-ID": _MESSAGE_ID})
    built = message.to(_RECIPIENT).message(policy=SMTP)
    for part in built.walk():
        if not part.is_multipart():  # lines stay short, and every server takes seven bits
            part.set_content(part.get_content(), subtype=part.get_content_subtype(), cte="quoted-printable")
    content = built.as_bytes()
    start_of_bodies = content.index(b"\r\n\r\n")
    pieces, gaps, at = [], [], 0
    for gap in _GAP.finditer(content):
        assert gap.lastgroup is not None  # noqa: S101 (every branch of the pattern has a name)
        pieces.append(content[at : gap.start()])
        gaps.append(gap.lastgroup + (":body" if gap.start() > start_of_bodies else ""))
        at = gap.end()
    return Stencil(letter, (*pieces, content[at:]), tuple(gaps))


def _quoted(value: bytes) -> bytes:
    """A link in quoted-printable, on lines of its own that go on."""
    lines = re.findall(rb"(?:=3D|[^=]){1,24}", value.replace(b"=", b"=3D"))  # up to 72 characters
    return _SOFT_BREAK + _SOFT_BREAK.join(lines) + _SOFT_BREAK
