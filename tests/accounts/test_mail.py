"""Mail that a request sends without waiting for it."""

import time

import pytest
from django.core import mail

from accounts.mail import send_in_background, wait_until_sent


class SlowMessage(mail.EmailMessage):
    """A message that the mail server takes a moment to accept."""

    def send(self, *args, **options) -> int:
        time.sleep(0.1)
        return super().send(*args, **options)


@pytest.mark.parametrize("number", [1, 2])
def test_mailbox_holds_only_what_this_test_sent(number):
    assert mail.outbox == []
    send_in_background(SlowMessage(subject=f"Number {number}", to=["ana@example.org"]))


def test_waiting_for_mail_waits_for_all_of_it():
    for number in range(2):
        send_in_background(SlowMessage(subject=f"Number {number}", to=["ana@example.org"]))
    wait_until_sent()
    assert [message.subject for message in mail.outbox] == ["Number 0", "Number 1"]
