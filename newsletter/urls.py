from django.urls import URLPattern, path

from newsletter.views import issues, links, reports, subscribe
from web.http import View


def mail_link(route: str, view: View, *, name: str) -> list[URLPattern]:
    """Return the address of a link in our mails, also without its last slash: programs that send a POST there, as mail
    providers do to unsubscribe (RFC 8058), need not follow a redirect.
    """
    return [path(f"{route}/", view, name=name), path(route, view)]


urlpatterns = [
    path("newsletter/", subscribe.subscribe, name="newsletter"),
    path("newsletter/noted/", subscribe.noted, name="newsletter-noted"),
    path("newsletter/<int:number>/", issues.issue, name="newsletter-issue"),
    path("feeds/newsletter.xml", issues.feed, name="newsletter-feed"),
    path("sitemaps/newsletter.xml", issues.sitemap, name="newsletter-sitemap"),
    path("newsletter/reports/", reports.reports, name="newsletter-reports"),
    *mail_link("newsletter/confirm/<str:token>", links.confirm, name="newsletter-confirm"),
    *mail_link("newsletter/unsubscribe/<str:token>", links.unsubscribe, name="newsletter-unsubscribe"),
    *mail_link("newsletter/preferences/<str:token>", links.preferences, name="newsletter-preferences"),
    *mail_link("newsletter/erase/<str:token>", links.erase, name="newsletter-erase"),
]
