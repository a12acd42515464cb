"""The messages we send, before they are addressed to anybody: text, HTML, and headers."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from css_inline import CSSInliner
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from handovers.waiting import list_waiting
from newsletter.content import MAX_ITEMS, NewsItem, NewsSection, adapt_subject, build_issue, parse_items, select_items
from newsletter.models import Issue, Subscriber
from newsletter.plain import render_text
from newsletter.tokens import CONFIRM, PREFERENCES, UNSUBSCRIBE
from web import markdown
from web.caching import process_cache


@dataclass(frozen=True, slots=True)
class Message:
    """The content of one message."""

    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)

    def to_email(self, address: str) -> EmailMultiAlternatives:
        """Return the message as Django's, to one address."""
        email = EmailMultiAlternatives(self.subject, self.text, to=[address], headers=self.headers)
        email.attach_alternative(self.html, "text/html")
        return email


def get_mail_host() -> str:
    """Return the host that our message ids and list ids are named after."""
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def render_message(name: str, *, subject: str, headers: dict[str, str], **context: object) -> Message:
    """Return a message rendered from the templates `newsletter/mail/<name>.html` and `.txt`."""
    context |= {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "letter_subject": subject}
    return Message(
        subject=" ".join(subject.split()),  # a header is one line
        text=render_to_string(f"newsletter/mail/{name}.txt", context),
        html=_get_inliner().inline(render_to_string(f"newsletter/mail/{name}.html", context)),
        headers=headers,
    )


@process_cache(maxsize=1)
def _get_inliner() -> CSSInliner:
    """Return an inliner, which moves the rules of the style sheet to the elements they match.

    Many mail clients ignore style sheets. Media queries (dark, narrow) cannot be inlined and stay in the sheet.
    """
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def build_sign_up_reply(subscriber: Subscriber) -> Message:
    """Return the reply to a sign-up: a request to confirm, or a note that the address is already on the list."""
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if subscriber.is_confirmed:
        return render_message(
            "known",
            subject=f"You are already subscribed to {settings.SITE_NAME}",
            headers=headers,
            preferences=PREFERENCES.build_url(subscriber.pk),
            unsubscribe=UNSUBSCRIBE.build_url(subscriber.pk),
        )
    link = CONFIRM.build_url(subscriber.pk)
    return render_message(
        "confirm",
        subject=f"Confirm your subscription to {settings.SITE_NAME}",
        headers=headers,
        link=link,
        # The template puts a <wbr> after each piece, so that the link breaks without a style sheet too.
        pieces=[link[at : at + 16] for at in range(0, len(link), 16)],
    )


MAX_WAITING = 20  # of each kind in a digest
MAX_HTML_BYTES = 60_000
_SIZE_LIMITS = (
    (MAX_ITEMS, None),
    (8, None),
    (5, None),
    (3, None),
    (2, None),
    (1, None),
    (1, 6),
)
# (items per section, sections or None for all), tried in order until the message fits.


@dataclass(frozen=True, slots=True)
class Links:
    """The links in a message that differ between readers."""

    unsubscribe: str
    preferences: str


def build_issue_message(
    issue: Issue, links: Links, *, categories: frozenset[int] | None = None, had: frozenset[int] = frozenset()
) -> Message:
    """Return an issue for a reader of `categories` (None: of all), without the news of the issues in `had`.

    Mail programs truncate long messages. If the HTML exceeds MAX_HTML_BYTES, the message lists fewer items per section,
    then fewer sections, and says how many were left out.
    """
    composed = parse_items(issue.content)
    items = select_items(composed, categories, had=had)
    subject = adapt_subject(issue.subject, composed, items, if_none=issue.subject)
    for max_items, max_sections in _SIZE_LIMITS:
        top, sections = build_issue(items, categories, max_items=max_items, max_sections=max_sections)
        message = _render_issue(issue, top, sections, links, subject=subject, by_choice=categories is not None)
        if len(message.html.encode()) <= MAX_HTML_BYTES:
            break
    return message


def build_test_message(issue: Issue) -> Message:
    """Return an issue as a test for an editor. Its links to unsubscribe and to choose lead to the newsletter page."""
    here = settings.SITE_URL + reverse("newsletter")
    message = build_issue_message(issue, Links(unsubscribe=here, preferences=here))
    return replace(message, subject=f"[Test] {message.subject}", headers={"Auto-Submitted": "auto-generated"})


def build_digest(user: User, *, now: datetime) -> Message | None:
    """Return what waits for a user at the desk, as of now; None if nothing does."""
    waiting, total = list_waiting(user, now=now, most=MAX_WAITING)
    if not waiting:
        return None
    one = waiting[0]
    return render_message(
        "digest",
        subject=f"{one.name}: {one.happened}"
        if len(waiting) == total == 1
        else f"{total} things wait for you at the desk",
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        waiting=waiting,
        more=total - len(waiting),
        desk=settings.SITE_URL + reverse("admin:index"),
        account=settings.SITE_URL + reverse("mfa_index"),
        interval=user.get_digest_interval_display().lower(),
    )


def _render_issue(
    issue: Issue, top: NewsItem | None, sections: list[NewsSection], links: Links, *, subject: str, by_choice: bool
) -> Message:
    host, web = get_mail_host(), settings.SITE_URL + issue.get_absolute_url()
    return render_message(
        "issue",
        subject=subject,
        headers={
            "List-Id": f"<newsletter.{host}>",  # without the optional name, which may need quotes or an encoding
            "List-Unsubscribe": f"<{links.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        },
        issue=issue,
        lead_html=markdown.render_absolute(issue.lead, base=web),
        lead_text=render_text(issue.lead, base=web),
        top=top,
        sections=sections,
        links=links,
        by_choice=by_choice,
        web=web,
    )
