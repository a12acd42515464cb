"""Mail that a request sends without waiting for it."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)

# One thread, because there is little mail. It starts with the first message, and so after gunicorn's fork.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_in_background(message: EmailMessage) -> None:
    """Send a message in the background, so that response times do not reveal whether a message was sent.

    Failures are logged and not retried; the user can request the message again.
    """
    _sender.submit(message.send).add_done_callback(_log_failure)


def wait_until_sent() -> None:
    """Block until all messages so far have been sent or have failed."""
    _sender.submit(lambda: None).result()


def _log_failure(sent: "Future[int]") -> None:
    if error := sent.exception():
        logger.error("A mail could not be sent: %r", error)
