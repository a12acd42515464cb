from typing import Any

from django.core.management.base import BaseCommand

from catalog.demo_votes import clear_demo_votes


class Command(BaseCommand):
    help = "Remove the made-up votes of a demonstration, and no other."

    def handle(self, *args: Any, **options: Any) -> None:
        votes, pair_votes = clear_demo_votes()
        self.stdout.write(self.style.SUCCESS(f"Removed {votes:,} votes on tools and {pair_votes:,} between two."))
