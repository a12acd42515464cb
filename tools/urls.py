from django.urls import re_path

from tools import logos, views

urlpatterns = [
    re_path(rf"^logos/({logos.STEM_PATTERN})\.({'|'.join(logos.TYPES)})$", views.logo, name="logo"),
]
