"""Tests of the package `handovers`, and of its pages at the desk."""
