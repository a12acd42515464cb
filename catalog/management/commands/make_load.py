from datetime import date
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.actions import LoadError, make_load, remove_load
from catalog.made_up.generator import Size
from catalog.problems import CatalogError
from web.terminal import progress_bar

SIZE = Size()


class Command(BaseCommand):
    help = "Fill the site with made-up content for load tests, beside what is there, or take it away again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tools", type=_count, default=SIZE.tools, help="default: %(default)s")
        parser.add_argument("--comparisons", type=_count, default=SIZE.comparisons, help="default: %(default)s")
        parser.add_argument("--reviewers", type=_count, default=SIZE.reviewers, help="a tool; default: %(default)s")
        parser.add_argument("--votes", type=_count, default=SIZE.votes, help="default: %(default)s")
        parser.add_argument("--categories", type=_count, default=SIZE.categories, help="default: %(default)s")
        parser.add_argument("--seed", type=int, default=1, help="another one makes other content; default: %(default)s")
        parser.add_argument(
            "--today", type=date.fromisoformat, metavar="DAY", help="the day up to which things happened"
        )
        parser.add_argument("--remove", action="store_true", help="take the made-up content away")
        parser.add_argument("--yes", action="store_true", help="do it although DEBUG is off")

    def handle(self, *, seed: int, today: date | None, remove: bool, yes: bool, **options: Any) -> None:
        self._refuse_where_readers_are(remove=remove, yes=yes)
        started = perf_counter()
        if remove:
            count = remove_load(progress=progress_bar)
            self.stdout.write(self.style.SUCCESS(f"{count:,} made-up tools and all about them are gone."))
            return
        size = Size(**{name: options[name] for name in Size.__dataclass_fields__})
        try:
            report = make_load(size=size, seed=seed, today=today, progress=progress_bar)
        except (LoadError, CatalogError) as error:
            raise CommandError(str(error)) from error
        for kind, count in sorted(report.added.items()):
            self.stdout.write(f"{kind}: {count:,} added")
        self.stdout.write(self.style.SUCCESS(f"Made in {perf_counter() - started:.0f} s."))

    def _refuse_where_readers_are(self, *, remove: bool, yes: bool) -> None:
        if settings.HTTPS and not remove:
            raise CommandError(f"{settings.SITE_URL} is a public site: made-up content is never put there.")
        if not settings.DEBUG and not yes:
            raise CommandError(
                f"This is the database “{settings.DATABASES['default']['NAME']}” of {settings.SITE_URL}, which runs "
                "without DEBUG, so readers may see what this does. If they may: --yes."
            )


def _count(text: str) -> int:
    """A number from 0, for argparse: raises ValueError for anything else."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number
