"""The site's own settings, plus the address of an empty view as a baseline."""

from config.settings import *  # noqa: F403
from config.settings import LOGGING, env

ROOT_URLCONF = "bench.urls"
CACHE_CONTENT = env.bool("CACHE_CONTENT", default=True)
# Benchmarks discover which pages exist by requesting them, so a 404 is no warning.
LOGGING["loggers"]["django.request"] = {"level": "ERROR"}
