"""Proof that a backup which is taken while the site is written to restores everything.

    make prove-restore

It starts a Shipside with votes, history, drafts, logos, a newsletter, and an editor with a second factor, and backs it
up while eight voters and an editor write. The backup is restored into another folder and database, and compared with
what its manifest counted in the same snapshot. Then the first site comes to rest, is backed up again, and replaces the
second one: every table must have the same content, and the catalog and the votes must export byte for byte the same.
"""

import argparse
import base64
import hashlib
import hmac
import http.cookiejar
import json
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

from bench.proof.site import ROOT, Site

PASSWORD = "seven lamps over water"  # noqa: S105 (of a site that is deleted at the end)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 (the same)
VOTERS = 8
_FURNISH = f"""
from io import BytesIO
from allauth.mfa.totp.internal.auth import TOTP
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image
from accounts.models import User
from newsletter.models import Subscriber
from tools import logos
from tools.models import Tool
from django.utils import timezone
user = User.objects.create_superuser("editor", email="editor@example.com", password={PASSWORD!r})
TOTP.activate(user, {SECRET!r})
for number, tool in enumerate(Tool.objects.order_by("pk")[:20]):
    file = BytesIO()
    Image.new("RGB", (64, 64), (number * 12, 80, 120)).save(file, "PNG")
    tool.logo = logos.store(logos.read(ContentFile(file.getvalue())))
    tool.save()
drafted = Tool.objects.order_by("pk").last()
Tool.objects.create(name="A draft", slug="a-draft", category=drafted.category, tagline="Not yet", website="https://a.example")
Subscriber.objects.bulk_create(
    Subscriber(email=f"reader{{n}}@example.com", confirmed_at=timezone.now()) for n in range(500)
)
call_command("compose_issue", "--since", "2000-01-01")
"""
_EDIT = """
import time
from tools.models import Tool
for number in range(100000):
    tool = Tool.objects.order_by("?").first()
    tool.tagline = f"Edited {number}"
    tool.save()
    time.sleep(0.02)
"""


class Proof:
    """The checks so far. A line per check is printed."""

    def __init__(self) -> None:
        self.failed = 0

    def check(self, what: str, *, holds: bool) -> None:
        self.failed += not holds
        print(f"{'holds ' if holds else 'FAILS '} {what}", flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.restore", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long to write before the first backup")
    options = parser.parse_args()
    proof = Proof()
    with tempfile.TemporaryDirectory(prefix="shipside-restore-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user
        folders = [Path(name) / part for part in ("first", "second")]
        for folder in folders:
            folder.mkdir()
        first, second = Site(folders[0], workers=2), Site(folders[1], workers=1)
        # Another machine of the same operator, with the same keys.
        second.environment["SECRET_KEY"] = first.environment["SECRET_KEY"]
        for site in (first, second):
            site.environment |= {"MEDIA_ROOT": str(site.folder / "media"), "REQUIRE_MFA": "true"}
        try:
            prove(proof, first, second, seconds=options.seconds)
        finally:
            for site in (first, second):
                site.stop()
    print("The backup restores everything." if not proof.failed else f"{proof.failed} checks failed.")  # noqa: T201
    sys.exit(bool(proof.failed))


def prove(proof: Proof, first: Site, second: Site, *, seconds: float) -> None:
    first.start()
    first.manage("cast_demo_votes", "--verbosity", "0")
    first.manage("shell", "--no-imports", "-c", _FURNISH)
    written, stop = [0], threading.Event()
    slugs = [str(slug) for (slug,) in first.connect().execute("SELECT slug FROM tools_tool WHERE published_at < now()")]
    writers = [threading.Thread(target=_vote, args=[first, slugs, n, written, stop]) for n in range(VOTERS)]
    writers.append(threading.Thread(target=_edit, args=[first, stop]))
    for writer in writers:
        writer.start()
    time.sleep(seconds)
    busy, calm = first.folder / "busy.tar", first.folder / "calm.tar"
    before = written[0]
    started = time.monotonic()
    printed = first.manage("backup", str(busy)).stdout.strip()
    took, during = time.monotonic() - started, written[0] - before
    stop.set()
    for writer in writers:
        writer.join()
    with tarfile.open(busy) as archive:
        rows = json.load(archive.extractfile("manifest.json"))["rows"]  # type: ignore[arg-type]
    proof.check(f"backed up in {took:.1f} s, during which {during:,} votes were cast: {printed}", holds=during > 0)

    second.start_database()
    _time(proof, "restored elsewhere", lambda: second.manage("restore", str(busy)))
    proof.check("rows of every table are those of the snapshot", holds=_count(second) == rows)
    done = second.manage("verify_tally", check=False)
    proof.check(f"tallies equal the votes ({done.stdout.strip()})", holds=done.returncode == 0)
    proof.check("migrations are complete", holds=second.manage("migrate", "--check", check=False).returncode == 0)
    again = second.manage("restore", str(busy), check=False)
    proof.check("a site with content is not restored into by accident", holds="--replace" in again.stderr)

    first.manage("backup", str(calm))
    _time(proof, "replaced by the backup of the site at rest", lambda: second.manage("restore", str(calm), "--replace"))
    digests = [_digest_tables(site) for site in (first, second)]
    different = sorted(name for name in {*digests[0], *digests[1]} if digests[0].get(name) != digests[1].get(name))
    proof.check(f"{len(digests[0])} tables have the same rows {', '.join(different)}", holds=not different)
    exports = [site.manage("export_catalog").stdout for site in (first, second)]
    proof.check(
        f"the catalog exports the same {len(exports[0]):,} bytes, drafts included", holds=exports[0] == exports[1]
    )
    proof.check("the draft is among them", holds="A draft" in exports[1])
    logos = [_digest_files(site.folder / "media") for site in (first, second)]
    proof.check(f"{len(logos[0])} files of logos are the same", holds=logos[0] == logos[1] and len(logos[0]) == 40)

    if not (second.folder / "static").exists():
        shutil.copytree(first.folder / "static", second.folder / "static")
    second.serve()
    pages = [_read(site, "/export/votes.csv") for site in (first, second)]
    proof.check(f"/export/votes.csv has the same {len(pages[0]):,} bytes", holds=pages[0] == pages[1])
    proof.check("an editor signs in with password and second factor", holds=_sign_in(second))


def _time(proof: Proof, what: str, run: Callable[[], object]) -> None:
    started = time.monotonic()
    run()
    proof.check(f"{what} in {time.monotonic() - started:.1f} s", holds=True)


def _vote(site: Site, slugs: list[str], network: int, written: list[int], stop: threading.Event) -> None:
    """Cast votes until told to stop, each by a new visitor from a new network."""
    number = 0
    while not stop.is_set():
        number += 1
        request = Request(
            f"http://127.0.0.1:{site.port}/tools/{slugs[(number + network) % len(slugs)]}/vote/",
            data=b"choice=" + (b"ship" if number % 3 else b"skip"),
            headers={
                "Sec-Fetch-Site": "same-origin", "HX-Request": "true",
                "X-Forwarded-For": f"{20 + network}.{number // 250 % 250}.{number % 250}.1",
            },
        )  # fmt: skip
        try:
            with urlopen(request, timeout=30) as response:  # noqa: S310
                written[0] += response.status == 200
        except (URLError, HTTPException, OSError):
            time.sleep(0.1)


def _edit(site: Site, stop: threading.Event) -> None:
    """Edit tools until told to stop."""
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", _EDIT]
    process = subprocess.Popen(command, cwd=ROOT, env=site.environment)
    stop.wait()
    process.terminate()
    process.wait()


def _list_tables(site: Site) -> list[str]:
    query = """
        SELECT relname FROM pg_class
        WHERE relkind = 'r' AND relpersistence = 'p' AND relnamespace = 'public'::regnamespace
    """
    with site.connect() as connection:
        return [str(name) for (name,) in connection.execute(query)]


def _count(site: Site) -> dict[str, int]:
    with site.connect() as connection:
        return {
            table: int(str(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]))  # type: ignore[index] # noqa: S608
            for table in _list_tables(site)
        }


def _digest_tables(site: Site) -> dict[str, str]:
    """Return a hash of the sorted rows of each table. Sessions and workers come and go."""
    digests = {}
    with site.connect() as connection:
        for table in _list_tables(site):
            if table in ("django_session", "newsletter_worker"):
                continue
            with connection.cursor().copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as copy:  # noqa: S608
                digests[table] = hashlib.sha256(b"".join(sorted(bytes(row) for row in copy))).hexdigest()
    return digests


def _digest_files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _read(site: Site, path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{site.port}{path}", timeout=60) as response:
        return bytes(response.read())


def _sign_in(site: Site) -> bool:
    """Sign in as the editor, through the pages that a browser shows. Return whether the desk opens."""
    base = f"http://127.0.0.1:{site.port}"
    opener = build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def send(path: str, **fields: str) -> str:
        page = opener.open(f"{base}{path}", timeout=60).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields["csrfmiddlewaretoken"] = token[1] if token else ""
        answer = opener.open(Request(f"{base}{path}", urlencode(fields).encode(), {"Referer": base}), timeout=60)  # noqa: S310
        return str(answer.read().decode())

    send("/account/login/", login="editor", password=PASSWORD)
    if b"The desk" in opener.open(f"{base}/admin/", timeout=60).read():
        return False  # without the second factor
    send("/account/login/code/", code=_compute_code())
    desk = opener.open(f"{base}/admin/", timeout=60)
    return desk.url == f"{base}/admin/" and b"The desk" in desk.read()


def _compute_code() -> str:
    """Return the code that an authenticator app shows now (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(SECRET), struct.pack(">Q", int(time.time()) // 30), "sha1")
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


if __name__ == "__main__":
    main()
