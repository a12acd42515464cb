"""How log records look, as lines or JSON (LOG_FORMAT), and what they never contain: secrets and queries of addresses.

gunicorn's master loads this before there are settings, so it imports nothing of Django.
"""

import json
import logging
import re
from datetime import UTC, datetime

from web.request_ids import current_request_id

HEALTH_PATHS = ALIVE, READY = "/healthz", "/readyz"
METRICS = "/metrics"
UNLOGGED = {*HEALTH_PATHS, METRICS}  # asked for every few seconds
FORMATS = ("lines", "json")
# Links in mails and to drafts, which let anyone in who has them. (A test compares this with the URL patterns.)
_SECRET = re.compile(
    r"(/newsletter/(?:confirm|unsubscribe|preferences|erase)/|/preview/(?:pending/)?|/account/password/reset/)[^/\s]+"
)
# The character before it tells the query of an address from the "?" of a sentence or a pattern.
_QUERY = re.compile(r"(?<=[\w/.~%-])\?\S+")


def mask_secrets(text: str) -> str:
    """Replace the secret parts of our own addresses in a text, and all query strings."""
    return _QUERY.sub("?…", _SECRET.sub(r"\1…", text))


class LineFormatter(logging.Formatter):
    """`2026-11-29 21:00:00,123 WARNING web.views [id of the request]: message`, and the traceback, if any."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}{identified}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        request_id = current_request_id.get()
        record.identified = f" [{request_id}]" if request_id else ""
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return mask_secrets(super().format(record))  # the traceback too


class JSONFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": mask_secrets(record.getMessage()),
            "process": record.process,
        }
        if request_id := current_request_id.get():
            fields["request_id"] = request_id
        fields |= getattr(record, "fields", {})  # of a line of the access log
        if record.exc_info:
            fields["exception"] = mask_secrets(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False, default=str)


def make_formatter(name: str) -> logging.Formatter:
    return JSONFormatter() if name == "json" else LineFormatter()


class OneLine(logging.Filter):
    """Makes a warning without a traceback of what Django reports when it refuses a request, such as a foreign Host."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        if record.levelno > logging.WARNING:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
