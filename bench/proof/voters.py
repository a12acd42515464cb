"""Many concurrent visitors over plain HTTP/1.1. Each waits for a response before the next request."""

import asyncio
import random
import ssl
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from bench.proof.evidence import Log

WISHES_PER_VISITOR = 12
PAUSE = 1.0  # seconds after a request without a response, so that the server can finish it
PATIENCE = 60.0  # seconds to wait for a response
AT_ONCE = 0.15  # share of wishes sent twice at the same time, as by a double click


class Unacknowledged(Exception):  # noqa: N818 (a response, not an error of ours)
    """The server returned a status that is no acknowledgment."""


class Visitor:
    """One browser: the page it opened, its network, and the cookie that its first response sets."""

    def __init__(self, number: int) -> None:
        self.page = uuid.uuid4().hex
        self.address = f"10.{number >> 8 & 255}.{number & 255}.1"  # a /24 is one network
        self.cookie = ""

    @property
    def id(self) -> str:
        """Return the visitor's id as hexadecimal digits. The signed cookie begins with it."""
        return self.cookie.split(":", 1)[0]


class SiteConnection:
    """One keep-alive connection to the site."""

    host = "127.0.0.1"
    cookie_name = "visitor"
    tls: ssl.SSLContext | None = None

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def form(self, path: str, body: str, *, visitor: Visitor, **headers: str) -> bytes:
        """Return the request with which one of our pages posts a form, with the visitor's current cookie."""
        lines = {
            "Host": f"{self.host}:{self.port}",
            "Sec-Fetch-Site": "same-origin",
            "Page-Load": visitor.page,
            "X-Forwarded-For": visitor.address,
            **({"Cookie": f"{self.cookie_name}={visitor.cookie}"} if visitor.cookie else {}),
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}".encode()

    async def send(self, request: bytes, *, visitor: Visitor) -> None:
        """Send a form and store the cookie of the response.

        Raise OSError, EOFError, TimeoutError, or Unacknowledged unless the server acknowledges it.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(request, visitor)
        except BaseException:
            self.close()
            raise

    async def _send(self, request: bytes, visitor: Visitor) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [line.partition(": ")[::2] for line in head[1:] if line]
        for name, value in headers:
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
            if name.lower() == "set-cookie" and value.startswith(f"{self.cookie_name}="):
                visitor.cookie = value.partition("=")[2].partition(";")[0].strip('"')
        if head[0].split()[1] not in ("200", "303"):
            raise Unacknowledged(head[0])
        if any(name.lower() == "connection" and value.lower() == "close" for name, value in headers):
            self.close()

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Crowd:
    """Voters who continue until `wishes` were acknowledged and `is_enough` returns true."""

    def __init__(
        self,
        *,
        port: int,
        tools: list[str],
        folder: Path,
        voters: int,
        wishes: int,
        is_enough: Callable[[], bool],
        seed: int = 1,
        connect: type[SiteConnection] = SiteConnection,
    ) -> None:
        self.port, self.tools, self.folder, self.voters, self.wishes = port, tools, folder, voters, wishes
        self.is_enough, self.seed, self.connect = is_enough, seed, connect
        self.replayed = self.at_once = 0
        self.acknowledged_at: list[float] = []  # time.monotonic() of each acknowledgment
        self.refused_at: list[float] = []  # the same of each request that was not acknowledged
        self.refusals: dict[str, int] = {}
        self._visitors = 0
        self._is_over = False

    @property
    def acknowledged(self) -> int:
        return len(self.acknowledged_at)

    @property
    def unanswered(self) -> int:
        return len(self.refused_at)

    def stop(self) -> None:
        """Stop regardless of progress, because there is no server to wait for."""
        self._is_over = True

    async def run(self) -> None:
        """Vote until enough wishes are acknowledged."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.voters):
                group.create_task(self._voter(number))

    @property
    def is_voting(self) -> bool:
        """Return whether voters still have new wishes."""
        return not self._is_over and (self.acknowledged < self.wishes or not self.is_enough())

    async def _voter(self, number: int) -> None:
        rng, log = random.Random(f"{self.seed} {number}"), Log(self.folder / f"voter-{number}.jsonl")  # noqa: S311
        one, two = self.connect(self.port), self.connect(self.port)
        while self.is_voting:
            self._visitors += 1
            visitor = Visitor(self._visitors)
            wishes = WISHES_PER_VISITOR
            while self.is_voting and (wishes := wishes - 1) >= 0:
                # One tool is hot.
                tool = self.tools[0] if rng.random() < 0.3 else rng.choice(self.tools)
                await self._wish(visitor, tool, rng, log, (one, two))
        one.close()
        two.close()
        log.close()

    async def _wish(
        self,
        visitor: Visitor,
        tool: str,
        rng: random.Random,
        log: Log,
        connections: tuple[SiteConnection, SiteConnection],
    ) -> None:
        """Send a visitor's wish until it is acknowledged, or sometimes give up; then replay it.

        The replay is the same request byte for byte. A visitor's first request has no cookie, so its replay
        has none either.
        """
        choice = rng.choices(["ship", "skip", "none"], [50, 35, 15])[0] if visitor.cookie else "ship"
        both = connections[: 2 if rng.random() < AT_ONCE else 1]
        wish = log.log_wish(page=visitor.page, tool=tool, choice=choice)
        request = both[0].form(f"/tools/{tool}/vote/", urlencode({"choice": choice}), visitor=visitor)
        while True:
            sent = [connection.send(request, visitor=visitor) for connection in both]
            answers = await asyncio.gather(*sent, return_exceptions=True)
            if not any(answers):
                break
            for answer in filter(None, answers):
                self._note(answer)
            await asyncio.sleep(PAUSE)
            if None in answers:  # one of two duplicates was acknowledged
                break
            if self._is_over or (visitor.cookie and rng.random() < 0.5):
                return
        log.log_response(wish, visitor=visitor.id)
        self.acknowledged_at.append(time.monotonic())
        self.at_once += len(both) - 1
        try:
            await both[0].send(request, visitor=visitor)
        except (OSError, EOFError, Unacknowledged) as answer:
            self._note(answer)
            await asyncio.sleep(PAUSE)
        else:
            self.replayed += 1

    def _note(self, answer: BaseException) -> None:
        if not isinstance(answer, OSError | EOFError | Unacknowledged):
            raise answer
        self.refused_at.append(time.monotonic())
        name = str(answer) if isinstance(answer, Unacknowledged) else type(answer).__name__
        self.refusals[name] = self.refusals.get(name, 0) + 1
