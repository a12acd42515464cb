import pytest
from django.core.cache import cache
from django.test import Client

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def form_client() -> Client:
    """A browser that posts forms from our own pages."""
    return Client(headers=SAME_ORIGIN)
