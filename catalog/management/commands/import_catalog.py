import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.actions import import_catalog
from catalog.problems import CatalogError, ImportProblem, format_place
from catalog.report import ImportReport
from web.terminal import progress_bar


class Command(BaseCommand):
    help = "Import a catalog file: all of it, or nothing and a list of every problem."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the catalog file; - for standard input")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would be added and changed, and write nothing; with --verbosity 2, row by row",
        )

    def handle(self, *, file: str, dry_run: bool, **options: Any) -> None:
        try:
            content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        try:
            name = "standard input" if file == "-" else Path(file).name
            report = import_catalog(content=content, dry_run=dry_run, progress=progress_bar, name=name)
        except CatalogError as error:
            count = len(error.problems)
            total = f"{count} problem{'s' * (count > 1)}; nothing was written."
            raise CommandError("\n".join([*map(_format_problem, error.problems), total])) from error
        self._write_report(report, details=options["verbosity"] > 1)
        self.stdout.write("Dry run: nothing was written." if dry_run else self.style.SUCCESS("Imported."))

    def _write_report(self, report: ImportReport, *, details: bool) -> None:
        if details:
            for addition in report.additions:
                self.stdout.write(f"{format_place(addition.place)}: {addition.label} is new")
            if (more := report.added.total() - len(report.additions)) > 0:
                self.stdout.write(f"… and {more:,} more new rows")
            for change in report.changes:
                self.stdout.write(f"{format_place(change.place)}: {change.label}")
                for name, (before, after) in change.fields.items():
                    self.stdout.write(f"    {name}: {_truncate(before)} → {_truncate(after)}")
        for remark in report.remarks:
            self.stdout.write(str(remark))
        for kind in report.kinds:
            added, changed, unchanged = report.added[kind], report.changed[kind], report.unchanged[kind]
            self.stdout.write(f"{kind}: {added} added, {changed} changed, {unchanged} unchanged")


def _format_problem(problem: ImportProblem) -> str:
    return f"{problem} (“{problem.subject}”)" if problem.subject else str(problem)


def _truncate(value: object) -> str:
    text = "nothing" if value in (None, "", []) else str(value)
    return text if len(text) <= 70 else f"{text[:69]}…"
