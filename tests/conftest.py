import pytest
from django.core.cache import caches
from django.test import Client
from hypothesis import HealthCheck, settings

from comparisons.pairs import _communities
from comparisons.views.pairs import _said, _written
from comparisons.views.panel import _panel
from comparisons.views.sitemaps import _parts
from comparisons.views.tools import _census
from votes.network import forget_key

# A busy machine is slow now and then; that is no finding.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def _empty_cache():
    caches["pages"].clear()
    _written.cache_clear()
    _said.cache_clear()
    _communities.cache_clear()
    _panel.cache_clear()
    _parts.cache_clear()
    _census.cache_clear()
    forget_key()


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    """Passwords of tests protect nothing, and a real hash takes most of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def form_client() -> Client:
    """A browser that posts forms from our own pages."""
    return Client(headers=SAME_ORIGIN)
