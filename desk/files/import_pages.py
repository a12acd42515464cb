"""The two steps of every import at the desk: a dry run that shows what would happen, and "Import now".

Between the steps the file waits on the server. A seal of the report goes through the form: an import that would do
anything other than the report said is rolled back, and the new report is shown.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from catalog.actions import ImportChangedError, ImportRunningError, run_import
from catalog.problems import CatalogError, ImportProblem, Place
from catalog.reading import Catalog, Progress
from catalog.report import ImportReport
from desk import contention
from desk.change_links import link_to_change
from desk.files import uploads
from desk.files.forms import UploadForm
from desk.files.report_rows import format_count, shape_problems, shape_report, summarize
from desk.permissions import may_import, may_publish
from web import outages
from web.bodies import has_lost_files
from web.http import SeeOther
from web.words import join_words

CHANGED = "The site has changed since this report. Nothing was imported. This is what the import would do now."
CONFLICT = "Someone else just saved the same rows. Nothing was imported. This is what the import would do now."
GONE = "That file is gone: it was imported, discarded, or is older than an hour. Upload it again."


class UploadedFileReader(Protocol):
    """An uploaded file, readable as a catalog."""

    sheet_name: str
    """The sheet of a workbook that was read; "" before that, and for other files."""

    def read(self, progress: Progress) -> tuple[Catalog, list[ImportProblem]]:
        """Return the catalog and its problems, for `catalog.actions.run_import`."""

    def describe_place(self, place: Place) -> str:
        """Return a place in the file, in words."""

    def describe_problem(self, problem: ImportProblem) -> str:
        """Return where a problem is, in words."""

    def sort_key(self, place: Place) -> Any:
        """Return what problems are sorted by."""


@dataclass(frozen=True, slots=True)
class ImportKind:
    """A kind of file that can be imported."""

    name: str  # binds a stored file to its page
    max_bytes: int
    open: Callable[[bytes], UploadedFileReader]
    template: str
    row_kinds: tuple[str, ...] | None = None  # that its report shows; None for all


@dataclass(frozen=True, slots=True)
class ImportPage:
    """The page of an import: its own address, where it redirects when done, and the context of its template."""

    url: str
    done_url: str
    context: dict[str, object]


def _user_id(request: HttpRequest) -> int:
    return int(request.user.pk or 0)  # the desk has checked that a user is signed in


def handle_import(request: HttpRequest, kind: ImportKind, page: ImportPage) -> HttpResponse:
    """Show the upload form, then the dry run, then import. The view must be decorated with `accept_files`.

    Raises PermissionDenied.
    """
    if not may_import(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return _render(request, kind, page, form=UploadForm())
    if "upload_token" in request.POST:
        return _decide(request, kind, page)
    if request.upload_refused:  # type: ignore[attr-defined] # set by accept_files
        refusal = f"The file has more than {kind.max_bytes // 1024**2} MB."
        return _render(request, kind, page, form=UploadForm(), refusal=refusal)
    if has_lost_files(request):
        return _refuse_for_room(request, kind, page)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _render(request, kind, page, form=form)
    return _store_and_show(request, kind, page, form.cleaned_data["file"])


def show_generated(
    request: HttpRequest, kind: ImportKind, page: ImportPage, *, name: str, content: bytes
) -> HttpResponse:
    """Show the dry run of a file that the site made itself. Importing it is up to the user, as with an uploaded one.

    Raises PermissionDenied.
    """
    if not may_import(request.user):
        raise PermissionDenied
    return _store_and_show(request, kind, page, SimpleUploadedFile(name, content))


def _store_and_show(request: HttpRequest, kind: ImportKind, page: ImportPage, file: UploadedFile) -> HttpResponse:
    """Store a file until it is imported, and show its dry run."""
    try:
        upload = uploads.store(file, user=_user_id(request), kind=kind.name)
    except OSError as error:
        if not outages.takes_no_files(error):
            raise
        return _refuse_for_room(request, kind, page)
    return _show_dry_run(request, kind, page, upload)


def _refuse_for_room(request: HttpRequest, kind: ImportKind, page: ImportPage) -> HttpResponse:
    """Show the upload form again, because the disk is full or read-only."""
    refusal = f"Nothing was imported: {contention.NO_FILES} Choose the file again then."
    response = _render(request, kind, page, form=UploadForm(), refusal=refusal)
    contention.mark_busy(response)
    return response


def _decide(request: HttpRequest, kind: ImportKind, page: ImportPage) -> HttpResponse:
    """Import the stored file, or discard it."""
    try:
        upload, seal = uploads.redeem(request.POST["upload_token"], user=_user_id(request), kind=kind.name)
        if "discard" in request.POST:
            upload.discard()
            messages.info(request, f"“{upload.original_name}” was discarded. Nothing was imported.")
            return SeeOther(page.url)
        reader = kind.open(upload.content)
    except uploads.UploadGoneError:
        messages.warning(request, GONE)
        return SeeOther(page.url)
    if not seal:  # no report was shown yet, because others kept us waiting
        return _show_dry_run(request, kind, page, upload)
    try:
        with transaction.atomic():
            report = run_import(read_with=reader.read, by=request.user, seal=seal, name=upload.original_name)
            if _explain_forbidden(request, report):
                raise PermissionDenied
    except (ImportChangedError, CatalogError):
        return _show_dry_run(request, kind, page, upload, notice=CHANGED)
    except IntegrityError:
        return _show_dry_run(request, kind, page, upload, notice=CONFLICT)
    except (ImportRunningError, DatabaseError) as error:
        return _ask_to_try_again(request, kind, page, upload, error=error)
    upload.discard()
    rows = shape_report(report, describe_place=reader.describe_place, kinds=kind.row_kinds)
    done = f"“{upload.original_name}” is imported: {summarize(rows)}"
    messages.success(request, link_to_change(done, report.change_id))
    return SeeOther(page.done_url)


def _show_dry_run(
    request: HttpRequest, kind: ImportKind, page: ImportPage, upload: uploads.Upload, notice: str = ""
) -> HttpResponse:
    """Run the import, roll it back, and show its report or its problems."""
    reader = kind.open(upload.content)
    try:
        report = run_import(read_with=reader.read, by=request.user, dry_run=True)
    except CatalogError as error:
        upload.discard()
        problems = sorted(error.problems, key=lambda problem: reader.sort_key(problem.place))
        rows = shape_problems(problems, describe=reader.describe_problem)
        return _render(
            request,
            kind,
            page,
            form=UploadForm(),
            problems=rows,
            file_name=upload.original_name,
            sheet_name=reader.sheet_name,
            notice=notice,
        )
    except (ImportRunningError, DatabaseError) as error:
        return _ask_to_try_again(request, kind, page, upload, error=error)
    if refusal := _explain_forbidden(request, report):
        upload.discard()
        return _render(request, kind, page, form=UploadForm(), refusal=refusal)
    return _render(
        request,
        kind,
        page,
        report=shape_report(report, describe_place=reader.describe_place, kinds=kind.row_kinds),
        file_name=upload.original_name,
        sheet_name=reader.sheet_name,
        notice=notice,
        upload_token=upload.sign_token(seal=report.seal()),
    )


def _ask_to_try_again(
    request: HttpRequest,
    kind: ImportKind,
    page: ImportPage,
    upload: uploads.Upload,
    *,
    error: ImportRunningError | DatabaseError,
) -> HttpResponse:
    """Say what keeps the import waiting. The file stays, so that it need not be uploaded again."""
    if isinstance(error, ImportRunningError | IntegrityError):
        reason = contention.describe_holder()
    else:
        reason = contention.describe_reason(error)
    response = _render(
        request,
        kind,
        page,
        reason=reason,
        file_name=upload.original_name,
        upload_token=upload.sign_token(seal=""),
    )
    contention.mark_busy(response)
    return response


def _explain_forbidden(request: HttpRequest, report: ImportReport) -> str:
    """Return what the file does that the user may not do by hand, in a sentence, or ""."""
    forbidden = [
        format_count(model, count) for model, count in report.published.items() if not may_publish(request.user, model)
    ]
    if not forbidden:
        return _explain_shown(request, report)
    return f"This file sets or changes the publication time of {join_words(forbidden)}. Your account may not publish."


def _explain_shown(request: HttpRequest, report: ImportReport) -> str:
    """Return what the file changes of what readers see, if the user may not publish that, in a sentence, or ""."""
    numbers = Counter[str]()
    for content, counts in report.shown.items():
        numbers += counts if not may_publish(request.user, content) else Counter()
    if not numbers:
        return ""
    what = join_words([f"{kind} ({number:,})" for kind, number in sorted(numbers.items())])
    return (
        f"This file changes what readers see: {what}. Your account may not publish. Change prices, facts, and tools on "
        "the form of each tool, where they are kept as a pending change, or ask an editor to import the file."
    )


def _render(request: HttpRequest, kind: ImportKind, page: ImportPage, **context: object) -> HttpResponse:
    template = "desk/files/busy.html" if "reason" in context else kind.template
    return TemplateResponse(
        request,
        "desk/files/dry_run.html" if "report" in context else template,
        {
            **admin.site.each_context(request),
            "import_url": page.url,
            "megabytes": kind.max_bytes // 1024**2,
            **page.context,
            **context,
        },
    )
