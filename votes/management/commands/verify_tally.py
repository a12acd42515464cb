from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from votes.actions import verify_tally


class Command(BaseCommand):
    help = "Compare the tally of votes with a fresh count of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="set the tally right where it differs")

    def handle(self, *, repair: bool, **options: Any) -> None:
        differences = verify_tally(repair=repair)
        for difference in differences:
            self.stdout.write(str(difference))
        if not differences:
            self.stdout.write(self.style.SUCCESS("The tally equals the votes."))
        elif repair:
            self.stdout.write(self.style.SUCCESS(f"{len(differences)} differences set right."))
        else:
            raise CommandError(f"The tally differs from the votes in {len(differences)} places.")
