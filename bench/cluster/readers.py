"""Those who use the site while its parts fail, by way of nginx: voters, probes that measure, and an editor."""

import http.client
import json
import re
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import psycopg

from bench.cluster.database import Database
from bench.nginx import HOST
from bench.proof.voters import SiteConnection

PROBE = "vllm"  # the tool that only the probes vote on, and that is edited
PAUSE = 0.2  # seconds between two probes
PATIENCE = 15.0  # seconds until a probe gives up
TLS = ssl._create_unverified_context()  # noqa: S323 (our own nginx, whose certificate nobody has signed)


class SecureConnection(SiteConnection):
    """A voter's connection to nginx."""

    host, cookie_name, tls = HOST, "__Host-visitor", TLS


@dataclass
class Availability:
    """When something worked, and when it did not."""

    successes: list[float] = field(default_factory=list)  # time.monotonic() of each
    failures: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def note(self, reason: str = "") -> None:
        """Note a success, or a failure with its reason."""
        if reason:
            self.failures += 1
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        else:
            self.successes.append(time.monotonic())

    def longest_pause(self, start: float, end: float) -> float:
        """Return for how many seconds nothing worked, at most, in a span of time."""
        times = [start, *(at for at in self.successes if start <= at <= end), end]
        return max(later - earlier for earlier, later in pairwise(times))


class Probes:
    """Threads that vote, edit, and read one page again and again, and compare what the page shows with what was
    acknowledged before it was asked for.
    """

    def __init__(self, database: Database, port: int) -> None:
        self.database, self.port = database, port
        self.votes, self.pages, self.edits = Availability(), Availability(), Availability()
        self.acknowledged_votes = self.acknowledged_edit = self.sent_votes = 0
        self.stale: list[str] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._vote, self._read, self._edit)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _vote(self) -> None:
        body = "choice=ship"
        while not self._is_over.wait(PAUSE):
            self.sent_votes += 1
            number = self.sent_votes
            headers = {
                "Sec-Fetch-Site": "same-origin",
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Forwarded-For": f"11.{number >> 8 & 255}.{number & 255}.1",
            }
            status, _ = self._ask("POST", f"/tools/{PROBE}/vote/", body, headers)
            if status == "303":
                self.acknowledged_votes += 1
            self.votes.note("" if status == "303" else status)

    def _read(self) -> None:
        while not self._is_over.wait(PAUSE):
            votes, edit = self.acknowledged_votes, self.acknowledged_edit
            status, content = self._ask("GET", f"/tools/{PROBE}.json")
            self.pages.note("" if status == "200" else status)
            if status == "200":
                self._compare(json.loads(content), votes, edit)

    def _compare(self, page: Any, votes: int, edit: int) -> None:
        shown = int(found[1]) if (found := re.search(r"Edit (\d+)", page["tagline"])) else 0
        ships = page["community"]["ship"]
        if shown < edit or ships < votes:
            self.stale.append(f"edit {shown} after {edit}, {ships} votes after {votes}")

    def _edit(self) -> None:
        """Edit the tool with SQL, as the desk does with more of it. Triggers raise the revision."""
        connection: psycopg.Connection[Any] | None = None
        number = 0
        while not self._is_over.wait(PAUSE):
            number += 1
            try:
                connection = connection or self.database.connect()
                connection.execute(
                    "UPDATE tools_tool SET tagline = %s WHERE slug = %s", [f"Edit {number}", PROBE]
                )  # fmt: skip
            except psycopg.Error as error:
                self.edits.note(type(error).__name__)
                if connection:
                    with suppress(psycopg.Error):
                        connection.close()
                connection = None
            else:
                self.acknowledged_edit = number
                self.edits.note()

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> tuple[str, bytes]:
        """Return the status of a request on a connection of its own, or the name of the error, and the content."""
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=PATIENCE, context=TLS)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            return str(response.status), response.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__, b""
        finally:
            connection.close()
