from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig


class ProjectConfig(AppConfig):
    """The project itself, which registers its system checks."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 (importing registers the checks)

        if settings.SENTRY_DSN:
            from config.error_reports import start_reporting

            start_reporting(settings.SENTRY_DSN, environment=settings.SENTRY_ENVIRONMENT)


class AdminSiteConfig(AdminConfig):
    """Django's admin with the desk as its site."""

    default_site = "desk.site.Desk"
