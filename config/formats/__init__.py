"""Formats of dates and times at the desk, a package per language. FORMAT_MODULE_PATH names this one."""
