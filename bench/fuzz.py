"""Random requests to every address of the site, as anonymous visitors and as members of each group: never an error.

`make fuzz`, or `python -m bench.fuzz [--requests 20000] [--seed 1] [--who Editor ...]`. `--requests` is per identity.
It recreates a database of its own with the demonstration content and at least one row of each kind, and sends requests
through Django's test client: addresses from the URL configuration with known and with senseless parts, query strings,
headers, methods, and bodies, among them the fields of the site's own forms with senseless values, in query strings
those of the page itself. It prints each
request that was answered with a status of 500 or above, or whose response broke off, with the error, and then exits
with 1. The same seed makes the same requests.
"""

import argparse
import os
import random
import re
import secrets
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tqdm import tqdm

if TYPE_CHECKING:
    from django.urls import URLResolver

    from accounts.models import User

DATABASE = "shipside_bench_fuzz"
ANONYMOUS, SUPERUSER = "anonymous", "superuser"
NINES = "9" * 30
ODD = (
    "", " ", "0", "1", "-1", "2", "00", "1.5", "1e9", "NaN", "Infinity", NINES, "9223372036854775808", "2147483648",
    "²", "٣", "½", "\0", "a\0b", "\n", "2026-11\n", "\r\n", "\t", "'", '"', "\\", "%", "%s", "{}", "{{ x }}", "[]",
    "null", "None", "true", "on", "<script>", "../..", "..", ".", "/", "//", "a" * 300, "a" * 5000, "漢字", "😀", "İ",
    "ſ", "\u202e", "\u200b", "\ufeff", "\ud800", "e\u0301", "Ärger", "2026-11", "2026-13", "2026-02-30", "0000-00-00",
    "9999-12-31", "10000-01-01", "25:00", "2026-11-29T12:00:00Z", "a@b", "me@faß.de", "@", "=1+1", ",", ";", "&", "=",
    "a,b,c", "http://[", "javascript:alert(1)", "https://example.com/" + "a" * 2100, "-" * 40, "a-vs-b", "-vs-",
)  # fmt: skip
RAW = ("%00", "%F0", "%ED%A0%80", "%", "%zz", "%E2%80%AE", "%0A", "%2F", "%252F", "+", "%C2%B2")
"""Bytes of addresses that no text encodes to."""
KEYS = (
    "q", "page", "p", "o", "e", "all", "a", "b", "c", "d", "tool", "tools", "first", "second", "exclude", "category",
    "lens", "month", "sort", "kind", "only", "state", "next", "by", "id", "ids", "pk", "token", "format",
    "supersedes", "reviewer", "verdict", "choice", "term", "app_label", "model_name", "field_name", "_to_field",
    "_popup", "_changelist_filters", "id__exact", "id__in", "pk__gt", "tool__id__exact", "category__id__exact",
    "published_at__year", "published_at__gte", "created_at__year", "created_at__month", "created_at__day",
    "due_on__year", "state__exact", "verdict__exact", "is_active__exact", "name__isnull", "tool__name__regex",
    "utm_source", "x[]", "__proto__", "seats", "need", "budget", "before", "t", "price", "panel", "community", "size",
)  # fmt: skip
LISTS_OF_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Accept": ("*/*", "application/json", "text/html;q=x", ";", "image/avif"),
    "Accept-Encoding": ("gzip", "br", "gzip;q=0, br;q=0", "*;q=0", "gzip;q=x", "zstd,,br;q=0.5"),
    "Accept-Language": ("tr", "*", "xx-yy;q=9", "ä"),
    "If-None-Match": ("*", '""', 'W/"x"', "x,,", '"' + "a" * 2000 + '"'),
    "If-Modified-Since": ("Sun, 29 Nov 2026 08:00:00 GMT", "x", "99 Foo 0000", ""),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=x", f"bytes={NINES}-", "lines=1-2"),
    "Cookie": ("a", "=", "sessionid=a", "visitor=x", "csrftoken=\x01", "a=b; a=c; ;;", "visitor=" + "a" * 3000),
    "HX-Request": ("true", "false", "x"),
    "HX-Current-URL": ("http://testserver/tools/?q=x", "x", "http://[", "//"),
    "HX-Target": ("x", "'"),
    "Origin": ("http://testserver", "null", "https://evil.example", "x", ""),
    "Referer": ("http://testserver/", "x", "http://["),
    "Sec-Fetch-Site": ("same-origin", "cross-site", "none", "x"),
    "Sec-Purpose": ("prefetch", "x"),
    "X-Forwarded-For": ("1.2.3.4", "x", "::1, ::", ",,,", "999.1.1.1"),
    "X-Forwarded-Proto": ("https", "x", "https,http"),
    "X-HTTP-Method-Override": ("DELETE", "x"),
    "User-Agent": ("", "curl/8", "Googlebot", "\x7f", "a" * 3000),
    "Content-Encoding": ("gzip", "x"),
}
METHODS = ("GET",) * 12 + ("POST",) * 10 + ("HEAD", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "FOO")
TYPES = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=x", "multipart/form-data",
    "multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "b" * 300, "application/json", "text/plain",
    "application/octet-stream", "x", "",
)  # fmt: skip
FIELD = re.compile(r'<(?:input|textarea|select|button)\b[^>]*?\bname="([^"]+)"[^>]*>')
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
VALUE = re.compile(r'\bvalue="([^"]*)"')
MAX_FIELDS = 400  # of a form that are read


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that must be answered otherwise, and the error behind it."""

    who: str
    method: str
    address: str
    headers: dict[str, str]
    body: str
    status: int
    error: str

    def __str__(self) -> str:
        return (
            f"{self.status} {self.method} {self.address[:500]} as {self.who}\n  headers {self.headers}\n"
            f"  body {self.body[:800]}\n{self.error}"
        )


@dataclass(frozen=True, slots=True)
class PageForms:
    """What the forms of a page send: fields with their values, and the names of query parameters (from GET forms)."""

    fields: list[tuple[str, str]]
    parameters: list[str]

    @classmethod
    def read(cls, text: str) -> "PageForms":
        asking = [words for attributes, words in FORM.findall(text) if 'method="post"' not in attributes.lower()]
        return cls(_read_fields(text), sorted({name for words in asking for name, _ in _read_fields(words)}))


def _read_fields(text: str) -> list[tuple[str, str]]:
    return [
        (unescape(match[1]), unescape(value[1]) if (value := VALUE.search(match[0])) else "on")
        for match in list(FIELD.finditer(text))[:MAX_FIELDS]
        if match[1] != "csrfmiddlewaretoken"
    ]


@dataclass(slots=True)
class Fuzzer:
    """Sends random requests as one identity. `user` None is an anonymous visitor."""

    who: str
    user: "User | None"
    rng: random.Random
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    _forms: dict[str, PageForms] = field(default_factory=dict)

    def run(self, requests: int, progress: Iterable[None] | None = None) -> None:
        """Send this many requests, and note their statuses and failures."""
        from django.core.signals import got_request_exception
        from django.test import Client

        desk, public = [], []
        for route in list_routes():
            (desk if route.parts[0].startswith("admin/") else public).append(route)
        values = list_values()
        errors: list[str] = []

        def note(**_: object) -> None:
            errors.append("".join(traceback.format_exception(sys.exception())[-6:]))

        got_request_exception.connect(note, weak=False)
        ticks = iter(progress) if progress is not None else None
        client = Client(raise_request_exception=False)
        try:
            for number in range(requests):
                if self.user is not None and number % 20 == 0:
                    self._sign_in(client)
                errors.clear()
                at_desk = self.rng.random() < (0.1 if self.user is None else 0.7)
                self._send(client, self.rng.choice(desk if at_desk and desk else public), values, errors)
                if ticks is not None:
                    next(ticks, None)
        finally:
            got_request_exception.disconnect(note)

    def _sign_in(self, client: Any) -> None:
        """Sign in again: a request may have ended the session, or changed or deleted the account."""
        from accounts.models import User

        assert self.user is not None  # noqa: S101 (for the types)
        name = f"fuzz-{self.who}"
        User.objects.filter(username=name).exclude(pk=self.user.pk).delete()
        user, _ = User.objects.update_or_create(
            pk=self.user.pk,
            defaults={
                "username": name,
                "is_active": True,
                "is_staff": True,
                "is_superuser": self.who == SUPERUSER,
            },
        )
        if self.who != SUPERUSER:
            from django.contrib.auth.models import Group

            user.groups.set(Group.objects.filter(name=self.who))
        client.force_login(user)

    def _send(self, client: Any, route: "Route", values: Mapping[str, list[str]], errors: list[str]) -> None:
        path = route.fill(self.rng, values)
        address = path + self._make_query(client, path, values)
        method = self.rng.choice(METHODS)
        headers = {
            name: self.rng.choice(LISTS_OF_HEADERS[name])
            for name in self.rng.sample(sorted(LISTS_OF_HEADERS), k=self.rng.choice((0, 0, 1, 1, 2, 4)))
        }
        options: dict[str, Any] = {"headers": headers}
        body: Any = b""
        if method not in ("GET", "HEAD", "OPTIONS", "TRACE"):
            headers.setdefault("Sec-Fetch-Site", "same-origin")
            body, options["content_type"] = self._make_body(client, path)
        try:
            response = client.generic(method, address, body, **options)
            status = response.status_code
            if response.streaming:
                for _ in response:
                    pass
        except Exception:
            errors.append(traceback.format_exc(limit=-8))
            status = 599
        self.statuses[status] += 1
        if status >= 500:
            shown = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
            self.failures.append(
                Failure(self.who, method, address, headers, shown, status, "\n".join(errors) or "(no exception)")
            )

    def _make_query(self, client: Any, path: str, values: Mapping[str, list[str]]) -> str:
        count = self.rng.choice((0, 0, 0, 1, 1, 2, 3, 8))
        own = self._read_forms(client, path).parameters if count and self.rng.random() < 0.5 else []
        keys = [self.rng.choice(own or self.rng.choice((KEYS, values["parameter"]))) for _ in range(count)]
        parts = [f"{quote(key)}={encode(self.rng, self._pick(values))}" for key in keys]
        return "?" + "&".join(parts) if parts else self.rng.choice(("", "", "", "?", "?&", "?=", "?%"))

    def _pick(self, values: Mapping[str, list[str]]) -> str:
        if self.rng.random() < 0.5:
            return self.rng.choice(ODD)
        return self.rng.choice(values[self.rng.choice(sorted(values))])

    def _make_body(self, client: Any, path: str) -> tuple[bytes, str]:
        """Return a body and its content type: mostly the page's own form, with some values replaced."""
        if self.rng.random() < 0.15:
            junk = self.rng.choice(ODD).encode("utf-8", "replace") * self.rng.choice((1, 3))
            return junk, self.rng.choice(TYPES)
        fields = list(self._read_forms(client, path).fields)
        if self.rng.random() < 0.3:
            fields += [(self.rng.choice(KEYS), self.rng.choice(ODD))]
        replaced = (
            {self.rng.randrange(len(fields)) for _ in range(self.rng.choice((0, 1, 1, 2, 5)))} if fields else set()
        )
        pairs = []
        for number, (name, value) in enumerate(fields):
            if number in replaced:
                if self.rng.random() < 0.2:
                    continue
                value = self.rng.choice(ODD)
            pairs.append(f"{quote(name)}={encode(self.rng, value)}")
        return "&".join(pairs).encode("ascii", "replace"), "application/x-www-form-urlencoded"

    def _read_forms(self, client: Any, path: str) -> PageForms:
        """Return the forms of a page. Each page is read once."""
        if path not in self._forms:
            response = client.get(path)
            is_page = response.status_code == 200 and not response.streaming
            self._forms[path] = PageForms.read(response.content.decode("utf-8", "replace") if is_page else "")
            if len(self._forms) > 500:
                self._forms.pop(next(iter(self._forms)))
        return self._forms[path]


def encode(rng: random.Random, value: str) -> str:
    """Return a value for a query string, sometimes with bytes that no text encodes to."""
    encoded = quote(value.encode("utf-8", "surrogatepass"))
    return encoded + rng.choice(RAW) if rng.random() < 0.08 else encoded


@dataclass(frozen=True, slots=True)
class Route:
    """An address of the URL configuration, as literal parts and names of parameters in turn."""

    parts: tuple[str, ...]
    """Literal at even places, a parameter at odd ones."""

    def fill(self, rng: random.Random, values: Mapping[str, list[str]]) -> str:
        """Return an address with known values, or, one time in three, a senseless one."""
        filled = []
        for place, part in enumerate(self.parts):
            if place % 2 == 0:
                filled.append(part)
            elif rng.random() < 0.35:
                filled.append(
                    rng.choice(RAW) if rng.random() < 0.3 else quote(rng.choice(ODD).encode("utf-8", "replace"))
                )
            else:
                filled.append(quote(rng.choice(values.get(part) or values[_guess_kind(part)])))
        path = "/" + "".join(filled)
        if rng.random() < 0.02:
            path = path.rstrip("/") if path.endswith("/") else path + "/"
        return path


def _guess_kind(parameter: str) -> str:
    if "slug" in parameter:
        return "slug"
    return (
        "pk" if parameter in ("object_id", "pk", "version", "number", "issue") or parameter.endswith("_id") else "other"
    )


def list_routes() -> list[Route]:
    """Return every address of the URL configuration."""
    from django.urls import get_resolver

    return [Route(tuple(parts)) for parts in dict.fromkeys(_walk(get_resolver(), ""))]


def _walk(resolver: "URLResolver", prefix: str) -> Iterator[tuple[str, ...]]:
    for entry in resolver.url_patterns:
        route = prefix + _describe(entry.pattern)
        if hasattr(entry, "url_patterns"):
            yield from _walk(entry, route)  # type: ignore[arg-type]
        else:
            yield tuple(re.split(r"<(?:\w+:)?(\w+)>", route))


def _describe(pattern: Any) -> str:
    """Return a pattern in the notation of `path()`."""
    if hasattr(pattern, "_route"):
        return str(pattern._route)
    regex = str(pattern.regex.pattern).lstrip("^").rstrip("$").removesuffix(r"\Z")
    regex = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", regex)
    regex = re.sub(r"\((?!\?)[^()]*\)", "<other>", regex)
    return re.sub(r"\\(.)", r"\1", re.sub(r"\(\?:([^()|]*)[^()]*\)\??", r"\1", regex))


def list_values() -> dict[str, list[str]]:
    """Return values that exist in the database, by the name of the parameter or the kind of value."""
    from django.apps import apps
    from django.db.models import CompositePrimaryKey

    from tools.choices import Meter

    pks = {
        str(pk)
        for model in apps.get_models()
        if model._meta.app_label in ("tools", "reviews", "comparisons", "newsletter", "votes", "accounts")
        if not isinstance(model._meta.pk, CompositePrimaryKey)
        for pk in model._default_manager.order_by("pk").values_list("pk", flat=True)[:8]
    }
    slugs = {
        slug
        for name in ("tools.Tool", "tools.Category", "reviews.Reviewer", "tools.Attribute")
        for slug in apps.get_model(name)._default_manager.order_by("pk").values_list("slug", flat=True)[:12]
    }
    attributes = sorted(apps.get_model("tools.Attribute")._default_manager.values_list("slug", flat=True))
    pairs = apps.get_model("comparisons.Comparison")._default_manager.values_list("first__slug", "second__slug")[:8]
    return {
        "pk": sorted(pks),
        "slug": sorted(slugs),
        "other": sorted(slugs | pks | {f"{first}-vs-{second}" for first, second in pairs}),
        "parameter": [*Meter.values, *(f"{slug}{end}" for slug in attributes for end in ("", ".min", ".max"))],
        "need": [f"{slug}:{value}" for slug in attributes for value in ("yes", "128k", "mit", NINES, "²")],
        "app_label": ["tools", "reviews", "comparisons", "newsletter", "votes", "accounts"],
        "kind": ["tool", "plan", "fact", "review", "prediction", "issue", "correction"],
        "act": ["ready", "draft", "send", "pause", "stop", "publish", "withdraw"],
    }


def add_users() -> "dict[str, User | None]":
    """Create an account of each group and a superuser, and return them by identity, with None for a visitor."""
    from accounts.groups import GROUPS
    from accounts.models import User

    password = secrets.token_urlsafe()
    return {
        ANONYMOUS: None,
        **{who: User.objects.create_user(f"fuzz-{who}", password=password) for who in (*GROUPS, SUPERUSER)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000, help="per identity")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--who", nargs="*", help="only these identities")
    options = parser.parse_args()

    from bench.sites import MeasuredSite

    site = MeasuredSite(DATABASE, REQUIRE_MFA="false", ALLOWED_HOSTS="testserver")
    site.create_database()
    os.environ |= site.environment
    import django

    django.setup()
    add_rows()
    failures: list[Failure] = []
    for who, user in add_users().items():
        if options.who and who not in options.who:
            continue
        fuzzer = Fuzzer(who, user, random.Random(f"{options.seed} {who}"))  # noqa: S311 (reproducible)
        started = time.monotonic()
        fuzzer.run(options.requests, tqdm(range(options.requests), desc=who, disable=None))
        counts = ", ".join(f"{status}: {count:,}" for status, count in sorted(fuzzer.statuses.items()))
        print(f"{who}: {options.requests:,} requests in {time.monotonic() - started:.0f} s. {counts}")  # noqa: T201
        for failure in fuzzer.failures:
            print(f"\n{failure}")  # noqa: T201
        failures += fuzzer.failures
    print(f"\n{len(failures)} errors.")  # noqa: T201
    raise SystemExit(1 if failures else 0)


def add_rows() -> None:
    """Add a row of each kind that the demonstration lacks, such as a draft, held votes, and an issue."""
    from datetime import timedelta

    from django.utils import timezone

    from newsletter.issuing import compose_issue
    from newsletter.models import Subscriber
    from tools.models import Correction, Tool
    from votes.models import PairVote, Vote

    now = timezone.now()
    tool, other = Tool.objects.order_by("pk")[:2]
    Correction.objects.create(tool=tool, note="The price was wrong.")
    Tool.objects.create(name="Draft", slug="draft", tagline="A draft", category=tool.category)
    for number in range(5):
        state = {"state": "held", "held_for": "burst"} if number else {"state": "rejected", "rejected_for": "flood"}
        Vote.objects.create(tool=tool, visitor=f"00000000-0000-4000-8000-{number:012d}", choice="ship", **state)
        PairVote.objects.create(
            first=tool, second=other, shown_first=tool, visitor=f"00000000-0000-4000-8000-{number:012d}", choice="first"
        )
    Subscriber.objects.create(email="reader@example.com", confirmed_at=now)
    compose_issue(since=now - timedelta(days=400))


if __name__ == "__main__":
    main()
