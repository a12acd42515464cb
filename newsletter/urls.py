from django.urls import path

from newsletter import views

urlpatterns = [
    path("newsletter/", views.subscribe, name="newsletter"),
    path("newsletter/noted/", views.noted, name="newsletter-noted"),
]
