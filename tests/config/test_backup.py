"""`manage.py backup` and `manage.py restore`, into another database and folder. `make prove-restore` does more."""

import gc
import io
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from bench.line import PORT, connect_to_unix_socket
from config.backups import archive as archives
from config.backups import restoring, writing
from config.postgresql import CONNECT_TIMEOUT
from desk.models import PendingChange
from tests import factories as make
from tests.commands import run_command
from tests.server import database_url, open_line
from tools.models import Tool

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = "test_shipside_elsewhere"
RESTORING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND datname = current_database()"
WAITING = f"{RESTORING} AND wait_event_type = 'Lock'"
LOGO = "logos/0123456789abcdef0123456789abcdef.webp"


def connect(database: str = ELSEWHERE) -> psycopg.Connection:
    return psycopg.connect(psycopg.conninfo.make_conninfo(database_url(), dbname=database), autocommit=True)


def start(*words: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def manage(*words: str, **environment: str) -> tuple[int, str]:
    """Run a command and return its exit code and what it printed."""
    process = run_command(*words, **environment)
    return process.returncode, process.stdout + process.stderr


@pytest.fixture
def elsewhere(transactional_db, tmp_path) -> Iterator[dict[str, str]]:
    """An empty database and folder. Yields the environment of their site."""
    with connect("postgres") as server:
        server.execute(f"DROP DATABASE IF EXISTS {ELSEWHERE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {ELSEWHERE} TEMPLATE template0")
        yield {
            "DATABASE_URL": database_url().replace(f"/{connection.settings_dict['NAME']}?", f"/{ELSEWHERE}?"),
            "MEDIA_ROOT": str(tmp_path / "elsewhere"),
        }
        server.execute(f"DROP DATABASE {ELSEWHERE} WITH (FORCE)")


@pytest.fixture
def archive(elsewhere, tmp_path, settings) -> Path:
    """A backup of a site with some of everything."""
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / LOGO).parent.mkdir(parents=True)
    (settings.MEDIA_ROOT / LOGO).write_bytes(b"RIFF" + bytes(range(256)) * 2000)
    tool = make.tool(name="Naïve “tool”", description="Line one\n\tline two \\N")
    make.plan(of=tool)
    make.review(of=tool, by=make.reviewer())
    make.tool(name="A draft", published_at=None)
    make.votes(on=tool, ship=30, skip=12)
    make.subscriber()
    make.user()
    path = tmp_path / "site.tar"
    writing.back_up(path)
    return path


def list_rows() -> dict[str, int]:
    with connect() as database, database.cursor() as cursor:
        return archives.count_rows(cursor)


def test_backup_is_restored_elsewhere_with_everything(archive, elsewhere, tmp_path):
    code, printed = manage("restore", str(archive), **elsewhere)
    assert (code, " was restored: " in printed, "SECRET_KEY" in printed) == (0, True, False), printed
    with connection.cursor() as cursor:
        assert list_rows() == archives.count_rows(cursor)
    assert (tmp_path / "elsewhere" / LOGO).read_bytes() == (tmp_path / "media" / LOGO).read_bytes()
    assert manage("verify_tally", **elsewhere)[0] == 0
    here, there = manage("export_catalog", DATABASE_URL=database_url()), manage("export_catalog", **elsewhere)
    assert here == there
    assert "A draft" in here[1]

    code, printed = manage("restore", str(archive), **elsewhere)
    assert (code, "This site is not empty. Add --replace" in printed) == (1, True)
    with connect() as database:
        database.execute("DELETE FROM newsletter_subscriber")
        database.execute("CREATE TABLE left_over AS SELECT 1")
    (tmp_path / "elsewhere" / "logos" / "other.webp").write_bytes(b"old")
    code, printed = manage("restore", str(archive), "--replace", SECRET_KEY="another", **elsewhere)
    assert (code, "SECRET_KEY is not that of the backup" in printed) == (0, True), printed
    with connection.cursor() as cursor:
        assert list_rows() == archives.count_rows(cursor)
    assert [path.name for path in (tmp_path / "elsewhere").rglob("*.webp")] == [Path(LOGO).name]


def test_files_that_the_backup_does_not_have_are_lost_only_with_replace(archive, elsewhere, tmp_path):
    kept = tmp_path / "elsewhere" / "logos" / "fedcba9876543210fedcba9876543210.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"old")
    code, printed = manage("restore", str(archive), **elsewhere)
    assert (code, "has files that the backup does not have (1, such as fedcba98" in printed) == (1, True), printed
    assert "Add --replace to lose them." in printed
    assert (list_rows(), kept.read_bytes()) == ({}, b"old")

    # What an earlier restoration wrote, and began to write, is no loss.
    kept.rename(partial := kept.with_name("tmp0.partial"))
    shutil.copyfile(tmp_path / "media" / LOGO, tmp_path / "elsewhere" / LOGO)
    code, printed = manage("restore", str(archive), **elsewhere)
    assert (code, " was restored: " in printed, partial.exists()) == (0, True, True), printed


@contextmanager
def open_slow_port(*, seconds: float) -> Iterator[int]:
    """Yield a TCP port of the server of the tests. It pauses once in each connection that sends much, as a server does
    whose disk is busy.
    """

    def forward(source: socket.socket, target: socket.socket, pause_after: float) -> None:
        taken = 0
        with suppress(OSError):
            while data := source.recv(65536):
                if taken <= pause_after < (taken := taken + len(data)):
                    time.sleep(seconds)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def accept(listener: socket.socket, folder: str) -> None:
        with suppress(OSError):  # closed
            while True:
                near = ends.enter_context(listener.accept()[0])
                far = ends.enter_context(connect_to_unix_socket(folder, int(connection.settings_dict["PORT"] or PORT)))
                for arguments in ((near, far, 100_000), (far, near, math.inf)):
                    threading.Thread(target=forward, args=arguments, daemon=True).start()

    with open_line() as line, ExitStack() as ends, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threading.Thread(target=accept, args=(listener, line.folder), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_restoration_waits_for_a_server_that_is_busy(elsewhere, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    for number in range(12):  # more than the buffers between psql and the server hold
        Session.objects.create(session_key=str(number), session_data="x" * 1_000_000, expire_date=timezone.now())
    writing.back_up(path := tmp_path / "site.tar")
    with open_slow_port(seconds=2 * CONNECT_TIMEOUT + 1) as port:
        user, password = (quote(connection.settings_dict[name]) for name in ("USER", "PASSWORD"))
        url = f"postgresql://{user}:{password}@127.0.0.1:{port}/{ELSEWHERE}"
        code, printed = manage("restore", str(path), **elsewhere | {"DATABASE_URL": url})
    assert (code, " was restored: " in printed) == (0, True), printed


def test_killed_restoration_leaves_the_site_as_it_was(archive, elsewhere):
    with connect() as database, connect() as holder:
        database.execute("CREATE TABLE votes_vote AS SELECT 1 AS vote")
        holder.execute("BEGIN; LOCK TABLE votes_vote")  # where the restoration will wait
        process = start("restore", str(archive), "--replace", **elsewhere)
        wait_until(lambda: process.poll() is not None or database.execute(WAITING).fetchone() == (1,))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        holder.execute("ROLLBACK")
        wait_until(lambda: database.execute(RESTORING).fetchone() == (0,))
        assert list_rows() == {"votes_vote": 1}


def wait_until(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.1)


def change(archive: Path, target: Path, kind: str) -> None:
    """Write a spoiled copy of an archive."""
    data = archive.read_bytes()
    if kind == "cut off":
        target.write_bytes(data[: len(data) * 2 // 3])
    elif kind == "a bit flipped":
        middle = data.index(b"RIFF") + 100_000
        target.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    elif kind == "no archive":
        target.write_bytes(b"SELECT 1;")
    else:
        with tarfile.open(archive) as source, tarfile.open(target, "w") as copy:
            for member in source:
                content = source.extractfile(member).read()
                if member.name == archives.MANIFEST:
                    manifest = json.loads(content)
                    if kind == "newer":
                        manifest["migrations"].append(["votes", "9999_next"])
                    content = json.dumps(manifest).encode()
                    member.size = len(content)
                copy.addfile(member, io.BytesIO(content))
            if kind == "outside":
                copy.addfile(tarfile.TarInfo("media/../../evil"), io.BytesIO())


@pytest.mark.parametrize(("kind", "words"), [
    ("cut off", "was cut off|was damaged"),
    ("a bit flipped", "media/logos/.* is not what the manifest says"),
    ("no archive", "is no backup"),
    ("newer", r"of a newer release \(migration votes.9999_next\)"),
    ("outside", "unexpected 'media/../../evil'"),
])  # fmt: skip
def test_spoiled_archive_is_refused_before_anything_is_written(archive, kind, words, tmp_path, monkeypatch):
    target = tmp_path / "spoiled.tar"
    change(archive, target, kind)
    monkeypatch.setattr(restoring, "_restore_media", lambda path: pytest.fail("wrote"))
    with pytest.raises(archives.BackupError, match=words):
        restoring.restore(target, replace=True)


def test_backup_that_fails_leaves_no_file(archive, tmp_path, monkeypatch):
    with pytest.raises(archives.BackupError, match=r"exists\. Choose another name"):
        writing.back_up(archive)
    monkeypatch.setattr(writing, "_DUMP_OPTIONS", ("--no-such-option",))
    with pytest.raises(archives.BackupError, match="pg_dump failed"):
        writing.back_up(tmp_path / "other.tar")
    assert [path.name for path in tmp_path.glob("*.tar*")] == ["site.tar"]


def test_backups_under_one_name_are_never_mixed_and_dead_ones_are_removed(archive, tmp_path, settings):
    target = tmp_path / "twice.tar"
    site = {"DATABASE_URL": database_url(), "MEDIA_ROOT": str(settings.MEDIA_ROOT)}

    def find_partials() -> set[str]:
        return {file.name for file in tmp_path.glob("twice.tar.partial*")}

    with connect(connection.settings_dict["NAME"]) as holder:
        holder.execute("BEGIN; LOCK TABLE newsletter_subscriber")  # where all will wait
        first = start("backup", str(target), **site)
        wait_until(lambda: len(find_partials()) == 1)
        living = find_partials()
        killed = start("backup", str(target), **site)
        wait_until(lambda: len(find_partials()) == 2)
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=60)
        dead = find_partials() - living
        third = start("backup", str(target), **site)
        wait_until(lambda: third.poll() is not None or (len(find_partials()) == 2 and not dead & find_partials()))
        assert find_partials() > living
        holder.execute("ROLLBACK")
    printed = [process.communicate(timeout=60)[1] for process in (first, third)]
    assert sorted((first.returncode, third.returncode)) == [0, 1], printed
    assert f"{target} exists. Choose another name." in "".join(printed)
    archives.verify(target)
    assert find_partials() == set()


def test_backup_without_a_stored_logo_is_written_but_fails(archive, elsewhere, tmp_path):
    stem, pending = Path(LOGO).stem, "fedcba9876543210" * 2
    Tool.objects.filter(name="A draft").update(logo=stem)
    PendingChange.objects.create(tool=make.tool(), posted={}, logo=pending, kept_at=timezone.now())
    lost = [f"logos/{stem}.png", f"logos/{pending}.png", f"logos/{pending}.webp"]
    site = {"DATABASE_URL": database_url(), "MEDIA_ROOT": str(tmp_path / "media")}
    code, printed = manage("backup", str(tmp_path / "lacking.tar"), **site)
    assert (code, f"The backup lacks 3 files of logos: {', '.join(lost)}. Put them back" in printed) == (1, True), (
        printed
    )
    assert archives.verify(tmp_path / "lacking.tar").missing == {f"media/{name}" for name in lost}

    # A file that the database names is not left over from another site.
    (tmp_path / "elsewhere" / "logos").mkdir(parents=True)
    (tmp_path / "elsewhere" / lost[0]).write_bytes(b"found")
    code, printed = manage("restore", str(tmp_path / "lacking.tar"), **elsewhere)
    assert (code, "The backup lacks 3 files of logos" in printed) == (0, True), printed
    assert (tmp_path / "elsewhere" / lost[0]).read_bytes() == b"found"

    code, printed = manage("backup", str(tmp_path / "gone.tar"), **{**site, "MEDIA_ROOT": str(tmp_path / "unmounted")})
    assert (code, "The backup lacks 4 files of logos" in printed) == (1, True), printed


@pytest.mark.django_db
def test_logo_that_is_removed_during_a_backup_is_not_missing():
    stored, removed = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    make.tool(logo=stored)
    files = {f"media/logos/{stored}.webp"}
    assert writing._find_missing(frozenset({stored, removed}), files) == {f"media/logos/{stored}.png"}
    assert writing._find_missing(frozenset({removed}), files) == set()


def test_dump_that_pg_restore_cannot_read_is_one_error_and_changes_nothing(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(restoring, "_RESTORE_OPTIONS", ("--no-such-option",))
    with pytest.raises(archives.BackupError, match="pg_restore failed"):
        restoring.restore(archive, replace=True)
    gc.collect()  # pipes that are still open would print errors of their own
    assert Tool.objects.count() == 2


def test_full_disk_and_silent_database_are_one_line(archive, elsewhere, tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"")  # no folder can be made here
    code, printed = manage("restore", str(archive), **elsewhere)
    media = elsewhere["MEDIA_ROOT"]
    assert (code, printed.strip()) == (
        1, f"CommandError: Logos cannot be written to {media}: Not a directory. The database is as it was."
    )  # fmt: skip
    assert list_rows() == {}

    silent = {"DATABASE_URL": f"postgresql://nobody@/nothing?host={tmp_path}"}
    for words in (("backup", str(tmp_path / "other.tar")), ("restore", str(archive), "--replace")):
        code, printed = manage(*words, **silent)
        assert (code, len(printed.strip().splitlines())) == (1, 1), printed
        assert printed.startswith("CommandError: The database reports: connection ")
    assert sorted(path.name for path in tmp_path.glob("*.tar*")) == ["site.tar"]
