from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from newsletter.issuing import IssueActionError, compose_issue
from web import clock


class Command(BaseCommand):
    help = "Compose this week's issue of the newsletter as a draft. Nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", metavar="DAY", help="news counts from this day on (2026-11-15); default: the last issue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            issue = compose_issue(since=_parse_start(options["since"]))
        except IssueActionError as error:
            raise CommandError(str(error)) from None
        if issue is None:
            self.stdout.write("Nothing is new, so there is no issue.")
            return
        self.stdout.write(f"{issue}: {issue.subject}")
        for item in issue.content:
            self.stdout.write(f"  {item['kind']}: {item['title']}")
        self.stdout.write("It is a draft. Write its lead, preview it, and send it at the desk.")


def _parse_start(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--since takes a day such as 2026-11-15, not {text!r}.")
    return clock.start_of(day)
