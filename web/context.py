from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """What every template may say about the site itself."""
    return {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
