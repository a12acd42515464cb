"""The site's own settings, with one more address: an empty view to measure against."""

from config.settings import *  # noqa: F403
from config.settings import LOGGING

ROOT_URLCONF = "bench.urls"
# Which pages there are is found out by asking for them.
LOGGING["loggers"]["django.request"] = {"level": "ERROR"}
