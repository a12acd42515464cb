from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups.archive import BackupError, describe_missing, verify
from config.backups.restoring import restore


class Command(BaseCommand):
    help = "Bring the site to the state of a backup. Stop servers and workers first."
    requires_system_checks = []  # they read tables, and an empty database has none

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="lose what is in the site now")
        parser.add_argument("--verify-only", action="store_true", help="check the file, and write nothing")

    def handle(self, *, file: Path, replace: bool, verify_only: bool, **options: Any) -> None:
        try:
            manifest = verify(file) if verify_only else restore(file, replace=replace, tell=self.stderr.write)
        except BackupError as error:
            raise CommandError(str(error)) from None
        if manifest.missing:
            self.stderr.write(describe_missing(manifest))
        done = "is complete" if verify_only else "was restored"
        self.stdout.write(
            f"{file} of {manifest.made_at} {done}: {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables "
            f"and {len(manifest.files) - 1:,} files of logos."
        )
