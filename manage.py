#!/usr/bin/env python
"""Django's command line, with one clear sentence where a missing database would be a traceback."""

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
        if connection.connection is not None:  # connected, so this is about something else
            raise
        sys.exit(
            f"No PostgreSQL server answers for Shipside ({str(error).strip().splitlines()[0]}). "
            "`make run` and `make dev` start one in DATA_DIR; or set DATABASE_URL."
        )


if __name__ == "__main__":
    main()
