from typing import Any

from django.core.management.base import BaseCommand

from votes.ranking import rank_pairs


class Command(BaseCommand):
    help = "Rank the tools of each category by pair votes, and store the ranking with its date."

    def handle(self, *args: Any, **options: Any) -> None:
        ranked = rank_pairs()
        for category, tools in ranked.items():
            self.stdout.write(f"{category}: {tools} tools ranked")
        if not ranked:
            self.stdout.write("No category has enough pair votes yet.")
