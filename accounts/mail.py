"""Mail that a request causes and does not wait for."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)

# One after the other: a person asks for few. The thread starts with the first mail, so after gunicorn's fork.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_soon(message: EmailMessage) -> None:
    """Send a mail in the background: how long an answer takes must not tell whether anybody was written to.

    What cannot be sent is logged; whoever waits for it asks again.
    """
    _sender.submit(message.send).add_done_callback(_log_failure)


def wait_until_sent() -> None:
    """Return when all mails so far have left, or failed to."""
    _sender.submit(lambda: None).result()


def _log_failure(sent: "Future[int]") -> None:
    if error := sent.exception():
        logger.error("A mail could not be sent: %r", error)
