from django.urls import path

from newsletter.views import issues, links, reports, subscribe

urlpatterns = [
    path("newsletter/", subscribe.subscribe, name="newsletter"),
    path("newsletter/noted/", subscribe.noted, name="newsletter-noted"),
    path("newsletter/<int:number>/", issues.issue, name="newsletter-issue"),
    path("feeds/newsletter.xml", issues.feed, name="newsletter-feed"),
    path("sitemaps/newsletter.xml", issues.sitemap, name="newsletter-sitemap"),
    path("newsletter/reports/", reports.reports, name="newsletter-reports"),
    path("newsletter/confirm/<str:token>/", links.confirm, name="newsletter-confirm"),
    path("newsletter/unsubscribe/<str:token>/", links.unsubscribe, name="newsletter-unsubscribe"),
    path("newsletter/preferences/<str:token>/", links.preferences, name="newsletter-preferences"),
    path("newsletter/erase/<str:token>/", links.erase, name="newsletter-erase"),
]
