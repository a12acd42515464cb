"""Users of the desk with given permissions, and clients that are signed in as them."""

from itertools import count

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User

_number = count(1)


def make_user(*permissions: str) -> User:
    """Return a staff user with exactly these permissions, each as `app.codename`."""
    user = User.objects.create(username=f"editor-{next(_number)}", is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


EDITOR = [
    f"{app}.{verb}_{model}"
    for app, model in (("tools", "tool"), ("reviews", "review"), ("comparisons", "comparison"))
    for verb in ("view", "add", "change", "publish")
]
CHIEF = [*EDITOR, "tools.override_gate"]
WRITER = [permission for permission in EDITOR if ".publish_" not in permission]
