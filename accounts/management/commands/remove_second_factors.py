from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.second_factor import remove_second_factors


class Command(BaseCommand):
    help = "For somebody who lost telephone and recovery codes, when no administrator can sign in to help."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=options["username"])
        except User.DoesNotExist as unknown:
            raise CommandError(f"Nobody is called {options['username']}.") from unknown
        if remove_second_factors(user=user):
            self.stdout.write(f"{user} signs in by password alone and is signed out everywhere.")
        else:
            self.stdout.write(f"{user} has no second factor.")
