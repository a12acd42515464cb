"""Django's PostgreSQL backend, quick to notice that the server is gone and that it is back (decision 20)."""

CONNECT_TIMEOUT = 2  # seconds; the least that libpq takes
