import pytest
from django.core.cache import cache
from django.test import Client

from comparisons.pairs import _communities
from comparisons.views import _written

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()
    _written.cache_clear()
    _communities.cache_clear()


@pytest.fixture
def form_client() -> Client:
    """A browser that posts forms from our own pages."""
    return Client(headers=SAME_ORIGIN)
