"""Signing in by cookie, for tests that are not about signing in."""

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext

from accounts.models import User


def sign_in(context: BrowserContext, site: str, user: User) -> None:
    """Give a browser a session of the user, without the form."""
    client = Client()
    client.force_login(user)
    add_session(context, site, client)


def add_session(context: BrowserContext, site: str, client: Client) -> None:
    """Give a browser the session of a test client."""
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site}])
