import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from newsletter.worker import Post


class Command(BaseCommand):
    help = "Send what waits: answers to sign-ups and issues of the newsletter. Any number of them may run."
    requires_system_checks = []  # they ask the database, and a worker that starts waits for it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="end when nothing is due")
        parser.add_argument(
            "--with-parent", action="store_true", help="end with the process that started it, and draw no bar"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        parent = os.getppid()
        follows = options["with_parent"]
        bar = tqdm(desc="sending", unit=" mails", total=0, disable=True if follows else None, file=sys.stderr)
        post = Post(bar=bar, is_wanted=lambda: not follows or os.getppid() == parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: post.stop())
        with bar:
            post.run(until_empty=options["until_empty"])
