"""A page from memory is never stale, whatever happens, in whichever process."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comparisons.models import Comparison
from newsletter.models import Issue
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.wsgi import Answer, SiteServer
from tools.models import LiveRevision, Tool
from votes import made_up
from votes.deciding import freeze
from web import pages
from web.caching import clear_process_caches
from web.pages import PageMemory

PATHS = [
    "/", "/compare/beta-vs-alpha/", "/compare/beta-vs-alpha.json", "/og/compare/beta-vs-alpha.png", "/tools/",
    "/tools/alpha/", "/tools/alpha/votes/", "/tools/alpha.json", "/tools/alpha/badge.svg", "/categories/", "/reviewers/",
    "/splits/", "/changes/", "/predictions/", "/feeds/changes.xml", "/sitemap.xml", "/newsletter/", "/about/",
]  # fmt: skip


class Site:
    """Two processes of one site, and what may happen to it."""

    def __init__(self, time_machine):
        self.time_machine = time_machine
        self.server = SiteServer()
        self.memories = PageMemory(), PageMemory()
        self.pair = full_pair(1)
        self.alpha, self.beta = self.pair.second, self.pair.first

    def ask(self, path: str, *, process: int | None) -> Answer:
        """Ask one of the processes; None is one that was just started."""
        if process is None:
            clear_process_caches()
            made_up.note(are_there=made_up.are_there())
        pages.memory = PageMemory() if process is None else self.memories[process]
        answer = self.server.ask(path)
        del answer.headers["X-Request-ID"]
        return answer
