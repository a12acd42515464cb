"""gunicorn's log in the site's format, and an access log without addresses."""

import logging
import os
import re
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from web.logs import UNLOGGED, make_formatter, mask_secrets

# Python's notation of a string or bytes, as gunicorn quotes what it cannot parse.
_QUOTED = re.compile(r"""b?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def remove_client_data(record: logging.LogRecord) -> bool:
    """Remove what a client has sent from gunicorn's warnings about invalid requests. Keeps every record.

    That is its IP address, and the line, header, or piece of a body that is invalid: it may hold a query or a cookie.
    """
    address, _, reason = str(record.msg).partition(": ")
    if address.startswith("Invalid request from ip="):
        record.msg = f"Invalid request: {_QUOTED.sub('…', reason)}"
    return True


class ServerLog(Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(remove_client_data)
        formatter = make_formatter(os.environ.get("LOG_FORMAT", ""))
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(formatter)

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Log a request: neither who sent it nor its query string, which holds what readers search for."""
        path = environ.get("PATH_INFO") or "/"
        if not self.access_log_enabled or path in UNLOGGED:
            return
        fields = {
            "method": environ.get("REQUEST_METHOD", ""),
            "path": mask_secrets(path.encode("latin-1", "replace").decode("utf-8", "replace")),
            "status": int(str(resp.status).split(maxsplit=1)[0]),
            "bytes": getattr(resp, "sent", None) or 0,
            "milliseconds": round(request_time / timedelta(milliseconds=1), 1),
        }
        words = "{method} {path!a} {status} {bytes} B {milliseconds} ms".format(**fields)
        self.access_log.info("%s", words, extra={"fields": fields})
