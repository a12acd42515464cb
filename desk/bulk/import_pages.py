"""The two steps of every import at the desk: a dry run that shows what would happen, and "Import now", which does it.

The file waits on the server in between. What was shown is sealed into the form: an import that would do anything else
is taken back, and shown anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from catalog.actions import ChangedMeanwhileError, bring_in
from catalog.problems import CatalogError, Place, Problem
from catalog.reading import Catalog, Progress
from catalog.report import Report
from desk.bulk import uploads
from desk.bulk.forms import UploadForm
from desk.bulk.report_rows import number_of, shown_problems, shown_report, summary
from desk.permissions import may_import, may_publish
from tools.publishing import Publishable
from web.http import SeeOther

CHANGED = "The site has changed since this was shown, and nothing was written. This is what the import would do now."
AT_ONCE = "Somebody saved the same rows at that moment, and nothing was written. This is what the import would do now."
AGAIN = "Somebody saved the same rows at that moment, and nothing was written. Send the file again."
GONE = "That file is no longer here: it was imported or discarded, or its hour is over. Send it again."


class Reader(Protocol):
    """A file on its way in."""

    def read(self, progress: Progress) -> tuple[Catalog, list[Problem]]:
        """What `catalog.actions.bring_in` reads with."""

    def where(self, place: Place) -> str:
        """A place in the file, in words."""

    def order(self, place: Place) -> Any:
        """By which its problems are sorted."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of file that can be brought in."""

    kind: str  # binds a waiting file to its page
    limit: int  # bytes
    open: Callable[[bytes], Reader]
    template: str
    kinds: tuple[str, ...] | None = None  # of rows that its report tells of; None for all


@dataclass(frozen=True, slots=True)
class Page:
    """Where an import is at home: its own address, where it leads when it is done, and what its template wants."""

    here: str
    done: str
    context: dict[str, Any]


def _user(request: HttpRequest) -> int:
    """The id of who is signed in, as the desk has made sure."""
    return int(request.user.pk or 0)


def import_steps(request: HttpRequest, source: Source, page: Page) -> HttpResponse:
    """Answer for a page that takes a file, shows what it would do, and does it. The view has taken `takes_files`.

    Raises PermissionDenied.
    """
    if not may_import(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _render(request, source, page, form=UploadForm())
    if "ticket" in request.POST:
        return _second_step(request, source, page)
    if request.upload_refused:  # type: ignore[attr-defined] # of takes_files
        form = UploadForm()
        refused = f"The file has more than {source.limit // 1024**2} MB."
        return _render(request, source, page, form=form, refused=refused)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _render(request, source, page, form=form)
    upload = uploads.keep(form.cleaned_data["file"], user=_user(request), kind=source.kind)
    return _dry_run(request, source, page, upload)


def _second_step(request: HttpRequest, source: Source, page: Page) -> HttpResponse:
    try:
        upload, seal = uploads.redeem(request.POST["ticket"], user=_user(request), kind=source.kind)
        if "discard" in request.POST:
            upload.discard()
            messages.info(request, f"“{upload.called}” was discarded; nothing was written.")
            return SeeOther(page.here)
        reader = source.open(upload.content)
    except uploads.UploadGoneError:
        messages.warning(request, GONE)
        return SeeOther(page.here)
    try:
        with transaction.atomic():
            report = bring_in(read_with=reader.read, by=request.user, seal=seal)
            if _forbidden(request, report):
                raise PermissionDenied
    except (ChangedMeanwhileError, CatalogError):
        return _dry_run(request, source, page, upload, notice=CHANGED)
    except (IntegrityError, OperationalError):
        return _dry_run(request, source, page, upload, notice=AT_ONCE)
    upload.discard()
    shown = shown_report(report, where=reader.where, kinds=source.kinds)
    messages.success(request, f"“{upload.called}” is imported: {summary(shown)}")
    return SeeOther(page.done)


def _dry_run(
    request: HttpRequest, source: Source, page: Page, upload: uploads.Upload, notice: str = ""
) -> HttpResponse:
    reader = source.open(upload.content)
    try:
        report = bring_in(read_with=reader.read, dry_run=True)
    except CatalogError as error:
        upload.discard()
        problems = sorted(error.problems, key=lambda problem: reader.order(problem.place))
        shown = shown_problems(problems, where=reader.where)
        return _render(request, source, page, form=UploadForm(), problems=shown, called=upload.called, notice=notice)
    except (IntegrityError, OperationalError):
        upload.discard()
        return _render(request, source, page, form=UploadForm(), refused=AGAIN)
    if forbidden := _forbidden(request, report):
        upload.discard()
        return _render(request, source, page, form=UploadForm(), refused=forbidden)
    return _render(
        request,
        source,
        page,
        shown=shown_report(report, where=reader.where, kinds=source.kinds),
        called=upload.called,
        notice=notice,
        ticket=upload.ticket(seal=report.seal()),
    )


def _forbidden(request: HttpRequest, report: Report) -> str:
    """What the file does and its sender may not, in a sentence; "" when there is nothing."""
    refused = [
        number_of(model, count)
        for model, count in report.published.items()
        if issubclass(model, Publishable) and not may_publish(request.user, model)
    ]
    if not refused:
        return ""
    return f"This file sets or moves the time of publication of {', '.join(refused)}, which your account may not do."


def _render(request: HttpRequest, source: Source, page: Page, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request,
        "desk/bulk/dry_run.html" if "shown" in context else source.template,
        {
            **admin.site.each_context(request),
            "here": page.here,
            "megabytes": source.limit // 1024**2,
            **page.context,
            **context,
        },
    )
