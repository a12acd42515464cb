from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from votes.actions import forget_old_networks, verify_tally


class Command(BaseCommand):
    help = "Compare tallies and ledger of votes with a fresh count of them. Deletes old keys of networks, too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="set right what differs")

    def handle(self, *, repair: bool, **options: Any) -> None:
        forget_old_networks()
        differences = verify_tally(repair=repair)
        for difference in differences:
            self.stdout.write(str(difference))
        if not differences:
            self.stdout.write(self.style.SUCCESS("Tallies and ledger equal the votes."))
        elif repair:
            self.stdout.write(self.style.SUCCESS(f"{len(differences)} differences set right."))
        else:
            raise CommandError(f"The tally differs from the votes in {len(differences)} places.")
