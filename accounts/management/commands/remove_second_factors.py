from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.second_factor import remove_second_factors


class Command(BaseCommand):
    help = "Removes a user's second factors, if they lost phone and recovery codes and no administrator can sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=options["username"])
        except User.DoesNotExist as unknown:
            raise CommandError(f"There is no user named {options['username']}.") from unknown
        if remove_second_factors(user=user):
            self.stdout.write(f"{user} no longer has a second factor and is signed out everywhere.")
        else:
            self.stdout.write(f"{user} has no second factor.")
