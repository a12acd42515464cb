import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.exporting import consistent_snapshot, export_lines


class Command(BaseCommand):
    help = "Export all content, including drafts and history, as a catalog file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", nargs="?", help="the file to write; default: standard output")

    def handle(self, *, file: str | None, **options: Any) -> None:
        with consistent_snapshot():
            if file is None:
                sys.stdout.writelines(export_lines())
            else:
                self._write(Path(file))

    def _write(self, target: Path) -> None:
        try:
            if target.exists() and not target.is_file():  # a device or a pipe, such as /dev/stdout
                _export_to(target)
                return
            target = target.resolve()  # a link stays one
            unfinished = target.with_name(target.name + ".unfinished")
            try:
                _export_to(unfinished)
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error


def _export_to(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(export_lines())
