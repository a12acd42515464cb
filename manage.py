#!/usr/bin/env python
"""Django's command line, with a clear message instead of a traceback if the database is missing."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, connection

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError as error:
        if connection.connection is not None:  # connected, so the error has another cause
            raise
        sys.exit(
            f"Shipside cannot connect to PostgreSQL ({str(error).strip().splitlines()[0]}). "
            "Run `make run` or `make dev`, which start a server in DATA_DIR, or set DATABASE_URL."
        )


if __name__ == "__main__":
    main()
