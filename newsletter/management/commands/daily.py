from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter import daily


class Command(BaseCommand):
    help = (
        "Run what must run daily: rank pairs, clear sessions, tidy, queue digests, and verify the tally. Workers do it "
        "by themselves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--last", action="store_true", help="print the result of the last run, and run nothing")

    def handle(self, **options: Any) -> None:
        run = daily.find_last() if options["last"] else daily.run()
        if run is None:
            self.stdout.write("It has never run." if options["last"] else "Another machine is running it.")
            return
        self.stdout.write(f"Started {run.started_at:%Y-%m-%d %H:%M:%S} UTC on {run.machine}.")
        for step in run.steps:
            state = self.style.ERROR("failed") if step["failed"] else "done"
            self.stdout.write(f"{step['name']}: {state} in {step['seconds']:.1f} s, {step['report']}")
        problems = [f"{name} failed" for name in run.failures]
        if run.differences:
            problems.append(f"the tally differs from the votes in {run.differences} places")
        if run.ended_at is None:
            problems.append("it has not ended")
        if problems:
            raise CommandError(f"Not all is well: {', '.join(problems)}.")
