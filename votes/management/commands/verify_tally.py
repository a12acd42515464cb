from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from votes.network import delete_old_keys
from votes.verifying import verify_tally
from web import clock


class Command(BaseCommand):
    help = "Compare tallies, ledger, and listings with a fresh count of the votes. Also delete old network keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="correct the differences")

    def handle(self, *, repair: bool, **options: Any) -> None:
        delete_old_keys(today=clock.today())
        differences = verify_tally(repair=repair)
        for difference in differences:
            self.stdout.write(str(difference))
        if not differences:
            self.stdout.write(self.style.SUCCESS("Tallies and ledger equal the votes."))
        elif repair:
            self.stdout.write(self.style.SUCCESS(f"Corrected {len(differences)} differences."))
        else:
            raise CommandError(f"The tally differs from the votes in {len(differences)} places.")
