"""A migration operation that runs the SQL files of an app: the current functions, triggers, and views."""

import hashlib
import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.migrations.operations.base import Operation


def digest(sql: str) -> str:
    """Return eight hex digits that change with the SQL, but not with whole-line comments or white space."""
    code = re.sub(r"^\s*--.*$", "", sql, flags=re.MULTILINE)
    return hashlib.sha256(" ".join(code.split()).encode()).hexdigest()[:8]


class RunSQLFiles(Operation):
    """Runs files of an app's `sql/` in order. `files` maps each name to its `digest`: {"tally.sql": "0f3c9a1e"}.

    Files are idempotent: CREATE OR REPLACE, or DROP ... IF EXISTS first. **When you change a file, add a migration that
    runs it again**, with the new digest; otherwise installed sites do not get the change. A test compares digests and
    prints the new one. To remove an object, delete it from the file and drop it in that migration.

    A migration runs the file as it is now, not as it was when the migration was written. plpgsql finds tables and
    columns when it is called, so most changes just work. Triggers and SQL functions look them up at once: if a file
    comes to name a column of a later migration, take it out of the earlier migrations' lists. For the same reason
    there is nothing to reverse.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, app: str, files: dict[str, str]) -> None:
        self.app = app
        self.files = files

    @property
    def paths(self) -> list[Path]:
        return [Path(apps.get_app_config(self.app).path) / "sql" / name for name in self.files]

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for path in self.paths:
            schema_editor.execute(path.read_text(), params=None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        pass

    def describe(self) -> str:
        return f"Run {', '.join(self.files)} of {self.app}/sql"
