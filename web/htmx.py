from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """A request as views receive it: `request.htmx` is true if htmx made it."""

    htmx: HtmxDetails
