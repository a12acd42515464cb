"""The site's own settings, with one more address: an empty view to measure against."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
