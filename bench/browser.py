"""An editor's browser: cookies, the forms of pages as they are, and how long each response took."""

import http.client
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

from lxml import etree

PATIENCE = 120.0  # seconds to wait for a response

type Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    """By lowercase name. Of headers that repeat, the last."""
    text: str
    seconds: float

    def find_form(self, *names: str) -> Fields | None:
        """Return what a browser would send of the first form that has all these fields; None if there is none."""
        if not self.text:
            return None
        for form in etree.HTML(self.text).iter("form"):
            if {*form.xpath(".//@name")} >= {*names}:
                return _read_fields(form)
        return None


def change(fields: Fields, **values: str) -> Fields:
    """Return the fields of a form after somebody typed in some of them."""
    return [*((name, value) for name, value in fields if name not in values), *values.items()]


@dataclass
class Browser:
    """One person's browser, on one connection. Follows no redirect."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def close(self) -> None:
        self._connection.close()

    def open(self, path: str) -> Answer:
        return self._request("GET", path, None, {})

    def send(self, path: str, fields: Fields) -> Answer:
        """Post a form."""
        return self._request("POST", path, urlencode(fields).encode(), {"Content-Type": _FORM})

    def upload(self, path: str, fields: Fields, *, name: str, content: bytes) -> Answer:
        """Post a form whose field `file` holds a file."""
        boundary = uuid.uuid4().hex
        parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields]
        parts.append(f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content)
        body = (
            b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
        )
        return self._request("POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {**headers, "Sec-Fetch-Site": "same-origin", "Cookie": cookies}
        is_reused = self._connection.sock is not None
        started = time.monotonic()
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            text = response.read().decode()
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()  # the next request connects again
            # The server may close a connection that it kept while a request is on its way (RFC 9112, section 9.3.1).
            if is_reused and method == "GET" and isinstance(error, ConnectionError):
                return self._request(method, path, body, headers)
            raise
        seconds = time.monotonic() - started
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, text, seconds)


_FORM = "application/x-www-form-urlencoded"


def _read_fields(form: etree._Element) -> Fields:
    fields: Fields = []
    for item in form.xpath(".//input[@name]|.//textarea[@name]|.//select[@name]"):
        name, kind = item.get("name"), item.get("type")
        if "__prefix__" in name or item.get("disabled") is not None:
            continue
        if item.tag == "select":
            chosen = item.xpath(".//option[@selected]/@value")
            if not chosen and item.get("multiple") is None:
                chosen = item.xpath("(.//option)[1]/@value")
            fields += [(name, value) for value in chosen]
        elif item.tag == "textarea":
            fields.append((name, (item.text or "").removeprefix("\n")))
        elif kind in ("checkbox", "radio"):
            if item.get("checked") is not None:
                fields.append((name, item.get("value", "on")))
        elif kind not in ("submit", "file", "button"):
            fields.append((name, item.get("value", "")))
    return fields
