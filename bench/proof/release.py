"""A copy of the checkout, and new releases of it with a migration."""

import shutil
from pathlib import Path

from bench.proof.site import ROOT

_NOT_COPIED = shutil.ignore_patterns(".*", "docs", "tests")
_MODEL = "votes/models/tools.py"
_LAST_FIELD = "    choice = models.CharField(max_length=4, choices=Choice)\n"
# A column with an index: the migration locks the table of votes, and rebuilds nothing that the code before it uses.
_FIELD = 'models.CharField(max_length=20, db_default="", db_index=True)'
_MIGRATION = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("votes", "{before}")]
    operations = [migrations.AddField("vote", "{name}", {field})]
"""


def copy_checkout(target: Path) -> Path:
    """Copy what a server needs of this checkout."""
    shutil.copytree(ROOT, target, ignore=_NOT_COPIED)
    if (ROOT / ".env").exists():
        shutil.copy2(ROOT / ".env", target)
    return target


def write_next_release(checkout: Path) -> str:
    """Turn a copy into its next release, which has one more field of votes. Return the name of its migration."""
    before = max(path.stem for path in (checkout / "votes" / "migrations").glob("0*.py"))
    number = int(before[:4]) + 1
    name = f"release_{number}"
    model = checkout / _MODEL
    text = model.read_text()
    if _LAST_FIELD not in text:
        raise RuntimeError(f"{_MODEL} is not what it was: there is no line {_LAST_FIELD!r}.")
    model.write_text(text.replace(_LAST_FIELD, f"{_LAST_FIELD}    {name} = {_FIELD}\n"))
    migration = f"{number:04}_{name}"
    text = _MIGRATION.format(before=before, name=name, field=_FIELD)
    (checkout / "votes" / "migrations" / f"{migration}.py").write_text(text)
    return migration
