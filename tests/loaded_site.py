"""The site, loaded when this module is imported: for a process that is forked (tests/commands.py)."""

import importlib

import django

django.setup()
importlib.import_module("config.urls")
