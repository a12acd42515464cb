"""What every app builds on: public pages and their caches, HTTP, locks, outages, logs, metrics, and words."""
