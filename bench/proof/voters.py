"""Many visitors at once, each of which waits for its answer before it goes on, over plain HTTP/1.1."""

import asyncio
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from bench.proof.evidence import Log

WISHES_A_VISITOR = 12
PAUSE = 1.0  # seconds after a request without an answer, in which what it may still be doing comes to its end
PATIENCE = 60.0  # seconds to wait for an answer
AT_ONCE = 0.15  # how many wishes are said twice at the same moment, as a double click says them


class Answer(Exception):  # noqa: N818 (not an error of ours: an answer that is none)
    """The server said something that a voter does not take for an acknowledgement."""


class Visitor:
    """One browser: a page it opened, a network it comes from, and the cookie that its first answer brings."""

    def __init__(self, number: int) -> None:
        self.page = uuid.uuid4().hex
        self.address = f"10.{number >> 8 & 255}.{number & 255}.1"  # a /24 is one network
        self.cookie = ""

    @property
    def id(self) -> str:
        """The visitor's id as hexadecimal digits: the signed cookie begins with it."""
        return self.cookie.split(":", 1)[0]


class Connection:
    """One kept-alive connection to the site."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def form(self, path: str, body: str, *, visitor: Visitor, **headers: str) -> bytes:
        """The request by which a page of ours sends a form, with the cookie that the visitor has at this moment."""
        lines = {
            "Host": f"127.0.0.1:{self.port}",
            "Sec-Fetch-Site": "same-origin",
            "Page-Load": visitor.page,
            "X-Forwarded-For": visitor.address,
            **({"Cookie": f"visitor={visitor.cookie}"} if visitor.cookie else {}),
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}".encode()

    async def send(self, request: bytes, *, visitor: Visitor) -> None:
        """Send a form, and take in the answer's cookie. Raises OSError, EOFError, TimeoutError or Answer unless it is
        acknowledged.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(request, visitor)
        except BaseException:
            self.close()
            raise

    async def _send(self, request: bytes, visitor: Visitor) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [line.partition(": ")[::2] for line in head[1:] if line]
        for name, value in headers:
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
            if name.lower() == "set-cookie" and value.startswith("visitor="):
                visitor.cookie = value.partition("=")[2].partition(";")[0].strip('"')
        if head[0].split()[1] not in ("200", "303"):
            raise Answer(head[0])
        if any(name.lower() == "connection" and value.lower() == "close" for name, value in headers):
            self.close()

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Crowd:
    """Voters that go on until so many wishes were acknowledged, and `is_enough` agrees."""

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
    ) -> None:
        self.port, self.tools, self.folder, self.voters, self.wishes = port, tools, folder, voters, wishes
        self.is_enough, self.seed = is_enough, seed
        self.acknowledged = self.unanswered = self.replayed = self.at_once = 0
        self.refusals: dict[str, int] = {}
        self._visitors = 0
        self._is_over = False

    def go_home(self) -> None:
        """End it, whatever is missing: there is no server to wait for any more."""
        self._is_over = True

    async def run(self) -> None:
        """Vote until enough is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for number in range(self.voters):
                group.create_task(self._voter(number))

    @property
    def _goes_on(self) -> bool:
        return not self._is_over and (self.acknowledged < self.wishes or not self.is_enough())

    async def _voter(self, number: int) -> None:
        rng, log = random.Random(f"{self.seed} {number}"), Log(self.folder / f"voter-{number}.jsonl")  # noqa: S311
        one, two = Connection(self.port), Connection(self.port)
        while self._goes_on:
            self._visitors += 1
            visitor = Visitor(self._visitors)
            wishes = WISHES_A_VISITOR
            while self._goes_on and (wishes := wishes - 1) >= 0:
                # One tool is everybody's favourite.
                tool = self.tools[0] if rng.random() < 0.3 else rng.choice(self.tools)
                await self._wish(visitor, tool, rng, log, (one, two))
        one.close()
        two.close()
        log.close()

    async def _wish(
        self, visitor: Visitor, tool: str, rng: random.Random, log: Log, connections: tuple[Connection, Connection]
    ) -> None:
        """Say what a visitor wants of a tool until it is acknowledged, or for once let it be; then send it again.

        What is sent again is the same request to the byte: a visitor's first one has no cookie, then either.
        """
        choice = rng.choices(["ship", "skip", "none"], [50, 35, 15])[0] if visitor.cookie else "ship"
        both = connections[: 2 if rng.random() < AT_ONCE else 1]
        wish = log.asked(page=visitor.page, tool=tool, choice=choice)
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
        log.answered(wish, visitor=visitor.id)
        self.acknowledged += 1
        self.at_once += len(both) - 1
        try:
            await both[0].send(request, visitor=visitor)
        except (OSError, EOFError, Answer) as answer:
            self._note(answer)
            await asyncio.sleep(PAUSE)
        else:
            self.replayed += 1

    def _note(self, answer: BaseException) -> None:
        if not isinstance(answer, OSError | EOFError | Answer):
            raise answer
        self.unanswered += 1
        name = str(answer) if isinstance(answer, Answer) else type(answer).__name__
        self.refusals[name] = self.refusals.get(name, 0) + 1
