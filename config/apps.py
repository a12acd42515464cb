from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ProjectConfig(AppConfig):
    """The project itself, which registers its system checks."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 (importing registers the checks)


class AdminSiteConfig(AdminConfig):
    """Django's admin with the desk as its site."""

    default_site = "desk.site.Desk"
