#!/usr/bin/env python
"""Django's command line, with a clear message instead of a traceback if the database is missing."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError as error:
        # psycopg sets this on errors of connecting. Others, such as a deadlock or a full disk, keep their traceback.
        if getattr(error.__cause__, "pgconn", None) is None:
            raise
        sys.exit(
            f"Shipside cannot connect to PostgreSQL ({str(error).strip().splitlines()[0]}). "
            "Run `make run` or `make dev`, which start a server in DATA_DIR, or set DATABASE_URL."
        )


if __name__ == "__main__":
    main()
