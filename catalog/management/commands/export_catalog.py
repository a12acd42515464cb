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
        unfinished = target.with_name(target.name + ".unfinished")
        try:
            with unfinished.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(export_lines())
            unfinished.replace(target)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise CommandError(f"{target} cannot be written: {error.strerror}.") from error
