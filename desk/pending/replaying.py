"""Replays a kept form through the ordinary save of its page: for real, or in a transaction that is rolled back.

So a pending change is validated, merged with what others have saved since, and written as any other save.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.messages.storage.base import BaseStorage, Message
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseRedirectBase
from django.utils.datastructures import MultiValueDict
from django.utils.html import strip_tags
from django.utils.text import capfirst
from simple_history.models import HistoricalRecords

from desk.contention import KEEP, SAVE_BUTTONS
from desk.history.conflicts import ASKED_SINCE, CHANGE_REASON, MAX_REASON_LENGTH, Conflict
from desk.history.events import HistoryEvent, drop_idle, get_tracked_models, read_since, read_version
from desk.history.form_merge import ANSWER, ASKED
from desk.history.saves import join_replaced
from desk.permissions import AnyUser
from desk.tool_page.form import WITHOUT_NEW_LOGO
from desk.tool_page.scorecard import EditionChangedError
from tools.models import AlreadySupersededError
from web import clock
from web.normalize import normalize_line
from web.words import join_words

PENDING_SEEN = "pending_seen"
"""The field of a form that shows a pending change: which one, in which state."""
_TICK = "-verified_today"
_ABOUT_THE_PAGE = {"csrfmiddlewaretoken", "draft_number", "action", "_selected_action", "_then", "_popup"}
_NOT_KEPT = SAVE_BUTTONS | _ABOUT_THE_PAGE | {PENDING_SEEN, ASKED, ASKED_SINCE, WITHOUT_NEW_LOGO}
ACTION_PREFIX = "CHANGE_FORM-"
_MANAGEMENT = re.compile(r"([a-z_]+)-TOTAL_FORMS")  # of an inline; forms within the scorecard have a number, too
_NOT_KEPT_PREFIXES = (ACTION_PREFIX, f"{ANSWER}:")
REFUSED = (IntegrityError, AlreadySupersededError, EditionChangedError)
"""What a save raises if others saved first."""


class _Collected(BaseStorage):
    """A storage for messages that nobody sees."""

    def _get(self, *args: object, **kwargs: object) -> tuple[list[Message], bool]:
        return [], True

    def _store(self, messages: list[Message], *args: object, **kwargs: object) -> list[Message]:
        return []


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a replayed form."""

    request: Any
    response: HttpResponse
    events: Sequence[HistoryEvent]
    """What it changed, oldest first; nothing unless it was saved."""

    @property
    def is_saved(self) -> bool:
        return isinstance(self.response, HttpResponseRedirectBase)

    @property
    def logo_change(self) -> tuple[str, str] | None:
        """The stems of the logo before and after; None if it stays. The history does not have logos."""
        return getattr(self.request, "logo_change", None) if self.is_saved else None

    @property
    def merged(self) -> list[str]:
        """What was merged with it, as sentences."""
        return [str(message) for message in self.request._messages if message.level == messages.INFO]

    def explain(self) -> str:
        """Return why it was not saved."""
        conflict: Conflict | None = getattr(self.request, "conflict", None)
        if conflict:
            who = join_words(sorted({event.author or "a program" for event in conflict.events}) or ["someone else"])
            what = [": ".join(filter(None, [one.label, one.field])) for one in conflict.asked]
            return f"{capfirst(who)} changed the same since: {join_words(what)}. Edit it to choose."
        context: dict[str, Any] = getattr(self.response, "context_data", None) or {}
        problems = [f"{one.where}: {one.message}" if one.where else one.message for one in context.get("problems", ())]
        errors = problems or [strip_tags(str(error)) for error in _flatten(context.get("errors", ()))]
        return f"It no longer passes as it is: {' '.join(errors) or 'the form refuses it.'}"


def _flatten(errors: Any) -> Iterator[str]:
    for error in errors:
        if isinstance(error, list):
            yield from _flatten(error)
        else:
            yield str(error)


def clean_posted(posted: QueryDict) -> QueryDict:
    """Return what is worth keeping of a posted form.

    “Verified today” is kept as the day on which it was ticked, because it may be published on a later one.
    """
    kept = QueryDict(mutable=True)
    for name, values in posted.lists():
        if name in _NOT_KEPT or name.startswith(_NOT_KEPT_PREFIXES):
            continue
        kept.setlist(name, [_note_day(value) for value in values] if name.endswith(_TICK) else values)
    return kept


def _note_day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return clock.today().isoformat()


def drop_action(posted: QueryDict) -> QueryDict:
    """Return a posted form without its box of actions, which Django runs instead of a save whose button it ignores."""
    rest = posted.copy()
    for name in [name for name in posted if name.startswith(ACTION_PREFIX)]:
        del rest[name]
    return rest


def note_origin(posted: QueryDict, origin: str) -> QueryDict:
    """Return a posted form whose reason begins with where it comes from."""
    noted, own = posted.copy(), normalize_line(posted.get(CHANGE_REASON, ""))
    noted[CHANGE_REASON] = ": ".join(filter(None, [origin, own]))[:MAX_REASON_LENGTH]
    return noted


def build_request(
    posted: QueryDict,
    *,
    user: AnyUser,
    like: HttpRequest | None,
    is_kept: bool = False,
    logo: str = "",
    with_files: bool = False,
) -> Any:
    """Return a request that posts a kept form. `like` is the one that caused it; None in a worker.

    `is_kept` is whether a form that is shown again keeps a pending change, `logo` the new logo that was kept with it,
    and `with_files` whether it posts the files of `like`.
    """
    request: Any = copy(like) if like else _build_blank_request()
    posted = drop_action(posted)
    posted["_save"] = "1"
    if is_kept:
        posted[KEEP] = "1"
    request.method, request.POST, request.user = "POST", posted, user
    if like and not with_files:
        request._files = MultiValueDict()
    request.kept_logo = logo
    request._messages = _Collected(request)
    request.is_replay = True
    for name in ("conflict", "merged", "saves_first", "seen_version", "busy", "logo_change"):
        request.__dict__.pop(name, None)
    return request


def match_inlines(model_admin: admin.ModelAdmin, request: Any, pk: int) -> None:
    """Add empty inlines where the author of a kept form had none. Raises PermissionDenied if its user
    lacks one that the author had: what is in it would be ignored.
    """
    obj = model_admin.get_object(request, str(pk))
    formsets = [formset for formset, _ in model_admin.get_formsets_with_inlines(request, obj)]
    prefixes = {formset.get_default_prefix() for formset in formsets if not hasattr(formset, "merge")}
    posted = {match[1]: number for name, number in request.POST.items() if (match := _MANAGEMENT.fullmatch(name))}
    if any(prefix not in prefixes and number != "0" for prefix, number in posted.items()):
        raise PermissionDenied
    for prefix in prefixes - posted.keys():
        request.POST |= {f"{prefix}-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}


def _build_blank_request() -> HttpRequest:
    request: Any = HttpRequest()
    request._dont_enforce_csrf_checks = True  # no browser sent it
    site = urlsplit(settings.SITE_URL)
    request.META = {
        "SERVER_NAME": site.hostname or "localhost",
        "SERVER_PORT": str(site.port or 80),
        "HTTP_HOST": site.netloc,
        "SCRIPT_NAME": "",
    }
    return cast("HttpRequest", request)


def replay(
    model_admin: admin.ModelAdmin,
    posted: QueryDict,
    pk: int,
    *,
    user: AnyUser,
    like: HttpRequest | None,
    note: str = "",
    is_kept: bool = False,
    logo: str = "",
    with_files: bool = False,
) -> Replay:
    """Save a kept form in this transaction, which must hold the content revision. `note` begins its reason.

    The other arguments are those of `build_request`.

    Raises PermissionDenied, or one of REFUSED.
    """
    if note:
        posted = note_origin(posted, note)
    request = build_request(posted, user=user, like=like, is_kept=is_kept, logo=logo, with_files=with_files)
    match_inlines(model_admin, request, pk)
    tracked = get_tracked_models(model_admin.model)
    before = read_version(tracked, pk)
    with _write_history_of(request):
        response = model_admin.changeform_view(request, str(pk))
    is_saved = isinstance(response, HttpResponseRedirectBase)
    return Replay(request, response, read_changes(model_admin.model, pk, before) if is_saved else ())


def read_changes(model: type[models.Model], pk: int, version: str) -> Sequence[HistoryEvent]:
    """Return what was saved since a version of `read_version`, oldest first, prices and facts with their successors."""
    events = read_since(get_tracked_models(model), pk, [int(part) for part in version.split(".")], most=None)
    return list(join_replaced(drop_idle(events)))[::-1]


@contextmanager
def _write_history_of(request: HttpRequest) -> Iterator[None]:
    """Let the history name the user of this request, not of the one that is being answered."""
    context = HistoricalRecords.context
    outer = getattr(context, "request", None)
    context.request = request
    try:
        yield
    finally:
        if outer is None:
            del context.request
        else:
            context.request = outer


@contextmanager
def roll_back() -> Iterator[None]:
    """Undo at its end everything that the block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def rehearse(
    model_admin: admin.ModelAdmin,
    posted: QueryDict,
    pk: int,
    *,
    user: AnyUser,
    like: HttpRequest | None,
    logo: str = "",
) -> tuple[Replay | None, str]:
    """Return what publishing a kept form would do, and why it is impossible ("" if it is not). Writes nothing."""
    try:
        with roll_back():
            outcome = replay(model_admin, posted, pk, user=user, like=like, logo=logo)
            if outcome.is_saved:
                connection.check_constraints()
    except REFUSED:
        return None, "Someone has saved it at the same moment. Try again."
    except PermissionDenied:
        return None, f"{capfirst(user.get_username())} may not change all that it changes."
    return outcome, "" if outcome.is_saved else outcome.explain()
