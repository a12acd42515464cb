import json

from django.conf import settings
from django.http import HttpRequest

# htmx asks for nothing that the strict policy would refuse, and swaps what a person should read: an invalid form into
# its place, any other refusal into the page's notice.
HTMX_CONFIG = json.dumps(
    {
        "allowEval": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "historyRestoreAsHxRequest": False,
        "responseHandling": [
            {"code": "204", "swap": False},
            {"code": "[23]..", "swap": True},
            {"code": "422", "swap": True},
            {"code": "[45]..", "swap": True, "error": True, "target": "#notice", "swapOverride": "innerHTML"},
        ],
    },
    separators=(",", ":"),
)


def site(request: HttpRequest) -> dict[str, str]:
    """What every template may say about the site itself."""
    return {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, "htmx_config": HTMX_CONFIG}
