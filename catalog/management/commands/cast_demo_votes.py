from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog.demo_votes import DemoVotesError, cast_demo_votes


class Command(BaseCommand):
    help = "Cast made-up votes on a demonstration. Every page then says so, until clear_demo_votes removes them."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.HTTPS:
            raise CommandError(f"{settings.SITE_URL} is a public site. Made-up votes are never cast on one.")
        try:
            votes, pair_votes = cast_demo_votes()
        except DemoVotesError as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write(self.style.SUCCESS(f"Cast {votes:,} votes on tools and {pair_votes:,} between two."))
