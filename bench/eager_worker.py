"""A worker that is wrong on purpose: what it cannot know it sends again. The proof of the newsletter has to find that
(tests/newsletter/test_proof.py); nothing else starts it.
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

    def sent_again(parcel: Parcel) -> Outcome:
        outcome = send(parcel)
        return replace(outcome, state=State.QUEUED) if outcome.state == State.UNKNOWN else outcome

    post._transport.send = sent_again  # type: ignore[method-assign] # the sabotage
    signal.signal(signal.SIGTERM, lambda *_: post.stop())
    post.run()


if __name__ == "__main__":
    main()
