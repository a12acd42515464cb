"""A worker that is wrong on purpose: it sends again when it cannot know the result. The proof of the newsletter must
detect that (tests/newsletter/test_proof.py). Nothing else starts it.
"""

import os
import signal
from dataclasses import replace

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from newsletter.models import SendState
    from newsletter.transport import OutgoingMessage, SendResult
    from newsletter.worker import MailWorker

    worker = MailWorker()
    send = worker._transport.send

    def send_again(message: OutgoingMessage) -> SendResult:
        result = send(message)
        return replace(result, state=SendState.QUEUED) if result.state == SendState.UNKNOWN else result

    worker._transport.send = send_again  # type: ignore[method-assign] # the sabotage
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


if __name__ == "__main__":
    main()
