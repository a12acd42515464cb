"""Pages about hand-overs that belong to no object."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import User
from handovers.actions import read_all
from web.words import count_of


@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Record that a user has read the news on the front page, and redirect there."""
    number = read_all(user=cast("User", request.user))
    messages.success(request, f"Marked as read: {count_of(number, 'item')}." if number else "There was nothing new.")
    return HttpResponseRedirect(reverse("admin:index"))
