from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """A request as views see it: `request.htmx` is true for one that htmx made."""

    htmx: HtmxDetails
