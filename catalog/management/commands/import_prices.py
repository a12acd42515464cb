from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.actions import import_catalog
from catalog.list_prices import SOURCE, build_proposal, find_data_day
from catalog.problems import CatalogError
from catalog.proposals import discard_proposal, store_proposal

SOURCES = ["genai-prices"]


class Command(BaseCommand):
    help = (
        "Propose plans and rates for the tools that name their model ids, from the list prices of a package. Nothing "
        "is imported: the desk shows what the proposal would change, and an editor decides."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="origin", choices=SOURCES, required=True, help="where the prices come from")

    def handle(self, **options: Any) -> None:
        proposal = build_proposal()
        for problem in proposal.problems:
            self.stderr.write(problem)
        self.stdout.write(f"{SOURCE}, whose data is of {find_data_day()}: {proposal.unchanged} prices are the same.")
        if not proposal.tools:
            discard_proposal()
            self.stdout.write("Nothing to propose.")
            return
        try:
            report = import_catalog(content=proposal.content, dry_run=True)
        except CatalogError as error:
            raise CommandError("\n".join(map(str, error.problems))) from error
        for addition in report.additions:
            self.stdout.write(f"{addition.label} is new")
        for change in report.changes:
            self.stdout.write(f"{change.label} has another price")
        store_proposal(proposal.content)
        self.stdout.write("Nothing was imported. The proposal waits at the desk, under “Catalog file”.")
