"""What each person does, again and again."""

import random
import time
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING

from bench.browser import Answer, Browser, change
from bench.stress.content import build_catalog

if TYPE_CHECKING:
    from bench.stress.run import Stress

DEEDS = (
    "file imported", "file imported by command", "pair vote cast", "review added", "review deleted", "review put-back",
    "review withdraw", "tool added", "tool deleted", "tool frozen or unfrozen", "tool put-back", "tool renamed",
    "tool saved", "tool withdraw", "vote acknowledged", "votes reject", "votes release",
)  # fmt: skip
"""All deeds, each of which happens in every run."""


class Role:
    """One person who does the same kinds of things again and again. `step` does one."""

    def __init__(self, stress: "Stress", *, user: str = "", session: Mapping[str, str] = MappingProxyType({})) -> None:
        """`session` holds the cookie of the user's session; without a user, it is empty."""
        self.stress, self.content = stress, stress.content
        self.rng = random.Random(f"{type(self).__name__} {user}")  # noqa: S311
        self.browser = Browser(stress.site.port, {**session})

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    def step(self) -> None:
        raise NotImplementedError

    def note(self, answer: Answer, *, done: str = "") -> Answer:
        """Record a response, and a deed if it redirects, as all pages of the desk do when something was done."""
        self.stress.note(self.name, answer)
        if done and answer.status in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER):
            self.stress.report.deeds[done] += 1
        return answer

    def open(self, path: str) -> Answer:
        return self.note(self.browser.open(path))

    def submit(self, path: str, *, done: str, needs: tuple[str, ...], **typed: str) -> Answer:
        """Open a page, fill its form, and send it. While others are busy, send the form that is shown again."""
        form = self.open(path).find_form(*needs)
        if form is None:  # somebody else was faster
            return self.open("/admin/")
        answer = self.note(self.browser.send(path, change(form, **typed)), done=done)
        while answer.status == HTTPStatus.SERVICE_UNAVAILABLE and not self.stress.is_over:
            words = {name: value for name, value in typed.items() if not name.startswith("_")}  # without buttons
            again = answer.find_form(*words)
            if again is None or not {*words.items()} <= {*again}:
                self.stress.fail(f"{self.name}: {path} forgot what was typed while others were busy")
                break
            time.sleep(0.5)
            answer = self.note(self.browser.send(path, change(again, **typed)), done=done)
        return answer


class PageReader(Role):
    def step(self) -> None:
        tool = self.rng.choice([*self.content.tools])
        paths = ["/", "/tools/", f"/tools/{tool}/", f"/compare/{self.content.comparison}/", "/splits/", "/changes/"]
        path = self.rng.choice(paths)
        answer = self.open(path)
        if answer.status not in (200, 301, 404, 410):
            self.stress.fail(f"a reader got {answer.status} at {path}")
        self.stress.report.reader_waits.append(answer.seconds)


class Couple(Role):
    """Visitors who vote between two tools, all from one network."""

    def step(self) -> None:
        self.browser.cookies.clear()
        for choice in self.rng.choices(["first", "second", "neither", "none"], k=2):
            path = f"/compare/{self.content.comparison}/vote/"
            self.note(self.browser.send(path, [("choice", choice)]), done="pair vote cast")


class Editor(Role):
    """Saves tools: taglines, plans, and a scorecard. Another editor saves the same ones, so there are conflicts."""

    def step(self) -> None:
        tool = self.rng.choice([*self.content.tools.values()])
        typed = {"tagline": f"Tried again {self.rng.random()}"}
        if tool in self.stress.to_rename and self.rng.random() < 0.4:
            typed["rename_to"] = f"tool-{tool}-{self.rng.randrange(10**9)}"
        path = f"/admin/tools/tool/{tool}/change/"
        self.submit(path, done="tool renamed" if "rename_to" in typed else "tool saved", needs=("tagline",), **typed)


class Publisher(Role):
    """Withdraws tools and reviews, and puts them back."""

    def step(self) -> None:
        kind, pk = self.rng.choice([
            ("tools/tool", self.rng.choice([*self.content.tools.values()])),
            ("reviews/review", self.rng.choice(self.content.reviews)),
        ])  # fmt: skip
        noun = kind.partition("/")[2]
        for transition in ("withdraw", "put-back"):
            path = f"/admin/{kind}/{pk}/{transition}/"
            self.submit(path, done=f"{noun} {transition}", needs=("seen", "reason"), reason="Because.")


class Deleter(Role):
    """Adds drafts and deletes them: a review of a tool that others save at the same time, and a tool."""

    def step(self) -> None:
        tool = str(self.rng.choice([*self.content.tools.values()]))
        seat = str(self.rng.choice(self.content.reviewers))
        words = {"gist": "A draft.", "quote": "A draft.", "flips_if": "Never.", "basis": "read"}
        typed = {"tool": tool, "reviewer": seat, "verdict": "ship", **words}
        added = self.submit("/admin/reviews/review/add/", done="review added", needs=(*typed,), **typed)
        self._delete(added, "reviews", "review")
        number = self.rng.randrange(10**9)
        typed = {"name": f"Draft {number}", "slug": f"draft-{number}", "category": str(self.content.category)}
        added = self.submit("/admin/tools/tool/add/", done="tool added", needs=(*typed,), **typed, _continue="1")
        self._delete(added, "tools", "tool")

    def _delete(self, added: Answer, app: str, model: str) -> None:
        if added.status != HTTPStatus.FOUND:
            return
        pk = self.stress.find_newest_draft(f"{app}_{model}")
        if pk is not None:
            path = f"/admin/{app}/{model}/{pk}/delete/"
            self.submit(path, done=f"{model} deleted", needs=("post",), post="yes")


class Importer(Role):
    """Imports a catalog file at the desk: the dry run, and then the import."""

    path = "/admin/catalog/"

    def step(self) -> None:
        form = self.open(self.path).find_form("file") or []
        content = build_catalog(self.stress.imported, words=f"Uploaded {self.rng.random()}")
        answer = self.note(self.browser.upload(self.path, form, name="stress.json", content=content))
        while not self.stress.is_over:
            form = answer.find_form("upload_token") or []
            if not form:
                break
            is_busy = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            button = {"check": "Try again"} if is_busy else {"import": "Import now"}
            time.sleep(0.5 if is_busy else 0)
            answer = self.note(self.browser.send(self.path, change(form, **button)), done="file imported")


class Command(Role):
    """Imports a catalog file with the command, which waits as long as it must. It changes what editors save, too."""

    def step(self) -> None:
        path = self.stress.site.folder / "command.json"
        words = f"Imported {self.rng.random()}"
        path.write_bytes(build_catalog(self.stress.imported, words=words, also=self.stress.demo_tools))
        done = self.stress.site.manage("import_catalog", str(path), "--verbosity", "0", check=False)
        if done.returncode:
            self.stress.fail(f"import_catalog died: {done.stdout}{done.stderr}")
        else:
            self.stress.report.deeds["file imported by command"] += 1
        time.sleep(1)


class Moderator(Role):
    """Decides about held votes, takes decisions back, and freezes tools."""

    def step(self) -> None:
        tool = self.rng.choice([*self.content.tools.values()])
        page = f"/admin/votes/vote/tool/{tool}/"
        answer = self.open(page)
        if form := answer.find_form("action", "scope", "until"):
            action = self.rng.choice(["release", "reject"])
            typed = {"action": action, "scope": "all", "reason": "other", "words": "Looked at it."}
            self.note(self.browser.send(f"{page}decide/", change(form, **typed)), done=f"votes {action}")
        if self.rng.random() < 0.3 and (form := answer.find_form("frozen")):
            typed = {"reason": "other", "words": "Too many."}
            self.note(self.browser.send(f"{page}freeze/", change(form, **typed)), done="tool frozen or unfrozen")


KINDS: tuple[type[Role], ...] = (
    Editor, Editor, Publisher, Publisher, Deleter, Importer, Command, Moderator, Moderator,
)  # fmt: skip
"""The roles of USERS."""
