"""A worker that is wrong on purpose: it sends again when it cannot know the outcome. The proof of the newsletter must
detect that (tests/newsletter/test_proof.py). Nothing else starts it.
"""

import os
import signal
from dataclasses import replace

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from newsletter.models import State
    from newsletter.transport import Outcome, Parcel
    from newsletter.worker import Post

    post = Post()
    send = post._transport.send

    def send_again(parcel: Parcel) -> Outcome:
        outcome = send(parcel)
        return replace(outcome, state=State.QUEUED) if outcome.state == State.UNKNOWN else outcome

    post._transport.send = send_again  # type: ignore[method-assign] # the sabotage
    signal.signal(signal.SIGTERM, lambda *_: post.stop())
    post.run()


if __name__ == "__main__":
    main()
