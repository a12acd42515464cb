from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups.archive import MEDIA, BackupError, describe_missing
from config.backups.writing import back_up


class Command(BaseCommand):
    help = "Write the whole site, database and logos, to one file. The site goes on working in the meantime."
    requires_system_checks = []  # they query the database, and a failure is reported in one line

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            manifest = back_up(file)
        except BackupError as error:
            raise CommandError(str(error)) from None
        logos = sum(name.startswith(MEDIA) for name in manifest.files)
        self.stdout.write(
            f"{file}: {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables and {logos:,} files of "
            f"logos, {file.stat().st_size:,} bytes. Keep SECRET_KEY with it, in another place."
        )
        if manifest.missing:
            raise CommandError(
                f"{describe_missing(manifest)} Put them back into {settings.MEDIA_ROOT}, or remove these logos at the "
                "desk. Then make another backup."
            )
