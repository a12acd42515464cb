from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ProjectConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 (registers the project's own system checks)


class AdminSiteConfig(AdminConfig):
    default_site = "desk.site.Desk"
