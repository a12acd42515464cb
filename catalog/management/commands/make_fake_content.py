from datetime import date
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.actions import FakeContentError, add_fake_content, remove_fake_content
from catalog.made_up.generator import Size
from catalog.problems import CatalogError
from web.terminal import progress_bar

SIZE = Size()


class Command(BaseCommand):
    help = "Add fake content for load tests beside the site's own, or remove it again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tools", type=_parse_count, default=SIZE.tools, help="default: %(default)s")
        parser.add_argument("--comparisons", type=_parse_count, default=SIZE.comparisons, help="default: %(default)s")
        parser.add_argument(
            "--reviewers", type=_parse_count, default=SIZE.reviewers, help="per tool; default: %(default)s"
        )
        parser.add_argument("--votes", type=_parse_count, default=SIZE.votes, help="default: %(default)s")
        parser.add_argument("--categories", type=_parse_count, default=SIZE.categories, help="default: %(default)s")
        parser.add_argument(
            "--seed", type=int, default=1, help="another seed gives other content; default: %(default)s"
        )
        parser.add_argument(
            "--today", type=date.fromisoformat, metavar="DAY", help="the day before which everything happened"
        )
        parser.add_argument("--remove", action="store_true", help="remove the fake content")
        parser.add_argument("--yes", action="store_true", help="run although DEBUG is off")

    def handle(self, *, seed: int, today: date | None, remove: bool, yes: bool, **options: Any) -> None:
        self._refuse_public_sites(remove=remove, yes=yes)
        started = perf_counter()
        if remove:
            count = remove_fake_content(progress=progress_bar)
            self.stdout.write(self.style.SUCCESS(f"Removed {count:,} fake tools and everything that refers to them."))
            return
        size = Size(**{name: options[name] for name in Size.__dataclass_fields__})
        try:
            report = add_fake_content(size=size, seed=seed, today=today, progress=progress_bar)
        except (FakeContentError, CatalogError) as error:
            raise CommandError(str(error)) from error
        for kind, count in sorted(report.added.items()):
            self.stdout.write(f"{kind}: {count:,} added")
        self.stdout.write(self.style.SUCCESS(f"Done in {perf_counter() - started:.0f} s."))

    def _refuse_public_sites(self, *, remove: bool, yes: bool) -> None:
        """Raise CommandError for a public site, and unless `yes`, for one that runs without DEBUG."""
        if settings.HTTPS and not remove:
            raise CommandError(f"{settings.SITE_URL} is a public site. Fake content is never added to one.")
        if not settings.DEBUG and not yes:
            raise CommandError(
                f"The database “{settings.DATABASES['default']['NAME']}” of {settings.SITE_URL} runs without DEBUG, so "
                "readers may see the result. To continue, add --yes."
            )


def _parse_count(text: str) -> int:
    """Return a number of at least 0, for argparse. Raises ValueError for anything else."""
    number = int(text)
    if number < 0:
        raise ValueError
    return number
