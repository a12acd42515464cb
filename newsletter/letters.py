"""Mails, before anybody's address is on them: words as HTML and as text, and the headers that go with them."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from css_inline import CSSInliner
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from newsletter.content import MOST, Section, entries_of, sections, subject_for, wanted
from newsletter.models import Issue, Subscriber
from newsletter.plain import as_html, as_text
from newsletter.tokens import CONFIRM, PREFERENCES, UNSUBSCRIBE
from web.caching import process_cache


@dataclass(frozen=True, slots=True)
class Letter:
    """What one mail says."""

    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)

    def to(self, email: str) -> EmailMultiAlternatives:
        """The letter as a message to one address."""
        message = EmailMultiAlternatives(self.subject, self.text, to=[email], headers=self.headers)
        message.attach_alternative(self.html, "text/html")
        return message


def mail_host() -> str:
    """The host that our mails name themselves after."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def written(name: str, *, subject: str, headers: dict[str, str], **context: object) -> Letter:
    """Write a letter from the pair of templates `newsletter/mail/<name>.html` and `.txt`."""
    context |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "letter_subject": subject}
    return Letter(
        subject=" ".join(subject.split()),  # a header is one line
        text=render_to_string(f"newsletter/mail/{name}.txt", context),
        html=_inliner().inline(render_to_string(f"newsletter/mail/{name}.html", context)),
        headers=headers,
    )


@process_cache(maxsize=1)
def _inliner() -> CSSInliner:
    """Moves each rule of the style sheet to the elements it is for, because many mail clients read no other; what asks
    for the screen (dark, narrow) can only stay in the sheet.
    """
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def answer(subscriber: Subscriber) -> Letter:
    """What a sign-up is answered with: a question to confirm, or, on the list already, word of that."""
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if subscriber.is_confirmed:
        return written(
            "known",
            subject=f"You are on the list of {settings.SITE_NAME} already",
            headers=headers,
            preferences=PREFERENCES.url(subscriber.pk),
            unsubscribe=UNSUBSCRIBE.url(subscriber.pk),
        )
    link = CONFIRM.url(subscriber.pk)
    return written(
        "confirm",
        subject=f"Please confirm: weekly verdicts from {settings.SITE_NAME}",
        headers=headers,
        link=link,
        pieces=[link[at : at + 16] for at in range(0, len(link), 16)],  # so that it breaks without a style sheet, too
    )


LARGEST = 60_000  # bytes of HTML
_FEWER = (
    (MOST, None),
    (8, None),
    (5, None),
    (3, None),
    (2, None),
    (1, None),
    (1, 6),
)
# (entries a section, sections; None: all of them), until it fits.


@dataclass(frozen=True, slots=True)
class Links:
    """What is each reader's own in a letter."""

    unsubscribe: str
    preferences: str


def issue_letter(issue: Issue, links: Links, *, categories: frozenset[int] | None = None) -> Letter:
    """An issue for a reader of some categories (None: of all). Where it would grow too large for mail programs that cut
    long mails, it tells fewer entries of each section, then fewer sections, and how many more there are.
    """
    entries = entries_of(issue.content)
    subject = subject_for(issue.subject, entries, wanted(entries, categories), if_none=issue.subject)
    for most, most_sections in _FEWER:
        parts = sections(entries, categories, most=most, most_sections=most_sections)
        letter = _issue_letter(issue, parts, links, subject=subject, by_choice=categories is not None)
        if len(letter.html.encode()) <= LARGEST:
            break
    return letter


def test_letter(issue: Issue) -> Letter:
    """An issue as an editor tries it: its links to leave and to choose lead to the newsletter's page."""
    here = settings.SITE_URL + reverse("newsletter")
    letter = issue_letter(issue, Links(unsubscribe=here, preferences=here))
    return replace(letter, subject=f"[Test] {letter.subject}", headers={"Auto-Submitted": "auto-generated"})


def _issue_letter(issue: Issue, parts: list[Section], links: Links, *, subject: str, by_choice: bool) -> Letter:
    host, site = mail_host(), settings.SITE_URL
    return written(
        "issue",
        subject=subject,
        headers={
            "List-Id": f"{settings.SITE_NAME} weekly verdicts <newsletter.{host}>",
            "List-Unsubscribe": f"<{links.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        },
        issue=issue,
        lead_html=as_html(issue.lead, site=site),
        lead_text=as_text(issue.lead, site=site),
        sections=parts,
        links=links,
        by_choice=by_choice,
        web=site + issue.get_absolute_url(),
    )
