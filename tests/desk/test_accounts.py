"""Accounts, managed by an administrator."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.mail import wait_until_sent
from accounts.models import User
from reviews.models import Reviewer
from tests import factories as make
from tests.accounts.people import PASSWORD, add_app, get_signed_in_user, person, sign_in
from tests.desk.people import make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


@pytest.fixture
def administrator(client):
    user = person("Administrator")
    client.force_login(user)
    return user


def sign_in_as(*permissions: str) -> Client:
    return signed_in(make_user(*permissions))


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def act(client: Client, action: str, *users: User, confirmed: bool = True):
    fields = {"action": action, ACTION_CHECKBOX_NAME: [user.pk for user in users]}
    return client.post(LIST, fields | ({"confirmed": "Yes"} if confirmed else {}), follow=True)


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def change(client: Client, user: User, **fields):
    form = client.get(f"{LIST}{user.pk}/change/").context["adminform"].form
    values = {name: form[name].value() for name in form.fields if name != "password"}
    values["groups"] = [group.pk for group in user.groups.all()]
    values |= fields
    return client.post(
        f"{LIST}{user.pk}/change/", {key: value for key, value in values.items() if value not in (None, False)}
    )


def test_list_shows_second_factors_in_nine_queries(client, administrator, django_assert_num_queries):
    for _ in range(3):
        add_app(person("Editor", "Moderator"))
        person("Reviewer")
    client.get(LIST)
    with django_assert_num_queries(9):
        page = client.get(LIST)
    assert page.text.count('alt="True"') >= 3
    assert client.get(LIST, {"second_factor": "yes"}).context["cl"].result_count == 3
    assert client.get(LIST, {"second_factor": "no"}).context["cl"].result_count == 4


@pytest.fixture
def invited(client, administrator, django_capture_on_commit_callbacks):
    """Invite Ben, and return the account and the mail."""
    with django_capture_on_commit_callbacks(execute=True):
        response = add(client)
    wait_until_sent()
    ben = User.objects.get(username="ben")
    assert response.headers["Location"] == f"{LIST}{ben.pk}/change/"
    [message] = mail.outbox
    return ben, message


def add(client: Client, **fields):
    group = Group.objects.get(name="Reviewer")
    return client.post(
        f"{LIST}add/", {"username": "ben", "email": "Ben@Example.org", "groups": [group.pk], "seat": "", **fields}
    )


def test_new_account_is_invited_and_its_owner_chooses_the_password(client, administrator, invited):
    ben, message = invited
    assert (ben.email, ben.is_staff, ben.is_superuser, ben.has_usable_password()) == (
        "ben@example.org", True, False, False,
    )  # fmt: skip
    assert [group.name for group in ben.groups.all()] == ["Reviewer"]
    assert (message.to, message.subject) == (["ben@example.org"], "Your account at Shipside")
    assert (
        f"{administrator.username} has created an account for you at Shipside, in the group Reviewer." in message.body
    )
    assert "Your user name is “ben”." in message.body
    browser = Client()
    page = browser.get(re.search(r"http\S+", message.body).group().removeprefix(settings.SITE_URL), follow=True)
    browser.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    ben.refresh_from_db()
    assert ben.check_password(PASSWORD)
    assert sign_in(Client(), ben).headers["Location"] == "/admin/"


def test_invitation_expires_and_can_be_repeated_until_the_first_sign_in(
    client, administrator, invited, time_machine, django_capture_on_commit_callbacks
):
    ben, message = invited
    path = re.search(r"http\S+", message.body).group().removeprefix(settings.SITE_URL)
    time_machine.move_to(timezone.now() + timedelta(days=1, seconds=1))
    client.force_login(administrator)
    assert "This link no longer works" in Client().get(path, follow=True).text
    with django_capture_on_commit_callbacks(execute=True):
        page = act(client, "invite_again", ben, administrator, person("Editor", email=""))
    assert f"Invited again: {ben}." in messages_of(page)
    wait_until_sent()
    assert [again.to for again in mail.outbox[1:]] == [[ben.email]]
    User.objects.filter(pk=ben.pk).update(last_login=timezone.now())
    assert messages_of(act(client, "invite_again", ben)) == [
        f"Has signed in before, is inactive, or has no email address: {ben}."
    ]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"email": ""}, "This field is required."),
        ({"username": "BEN"}, "Another account has this user name."),
        ({"email": "BEN@example.org", "username": "benny"}, "Another account uses this email address."),
        ({"seat": "999"}, "Select a valid choice."),
    ],
)
def test_invitation_that_cannot_be_is_refused(client, administrator, invited, fields, error):
    response = add(client, **{"username": "carl", "email": "carl@example.org", **fields})
    assert response.status_code == 200
    assert error in str(response.context["adminform"].form.errors)
    wait_until_sent()
    assert len(mail.outbox) == 1


def test_seat_is_given_with_the_account_and_moved_later(client, administrator):
    first, second, taken = make.reviewer(), make.reviewer(), make.reviewer(held_by=person("Reviewer"))
    offered = client.get(f"{LIST}add/").context["adminform"].form.fields["seat"].queryset
    assert list(offered) == [first, second]
    add(client, seat=first.pk)
    ben = User.objects.get(username="ben")
    assert Reviewer.objects.get(held_by=ben) == first
    change(client, ben, seat=second.pk)
    assert Reviewer.objects.get(held_by=ben) == second
    assert change(client, ben, seat=taken.pk).status_code == 200  # somebody else holds it
    change(client, ben, seat="")
    assert not Reviewer.objects.filter(held_by=ben).exists()
    assert [row.held_by_id for row in first.history.order_by("history_id")] == [None, ben.pk, None]


def test_seats_are_given_by_those_who_may_change_the_panel_alone(administrator):
    seat, user = make.reviewer(), person("Reviewer")
    clerk = sign_in_as("accounts.view_user", "accounts.add_user", "accounts.change_user")
    assert "seat" not in clerk.get(f"{LIST}{user.pk}/change/").context["adminform"].form.fields
    assert change(clerk, user, seat=seat.pk).status_code == 302
    seat.refresh_from_db()
    assert seat.held_by is None
    assert str(seat) not in sign_in_as("accounts.view_user").get(f"{LIST}{user.pk}/change/").text


def test_page_of_an_account_says_what_groups_may_do_and_nothing_of_the_hash(client, administrator):
    page = client.get(f"{LIST}{person('Editor').pk}/change/").text
    assert "Publish, schedule, and withdraw tools" in page
    assert "algorithm" not in page


def test_second_factors_are_removed_after_confirmation(client, administrator, django_capture_on_commit_callbacks):
    lost, none = person("Editor"), person("Editor")
    add_app(lost)
    browser = signed_in(lost)
    page = act(client, "remove_second_factors", lost, none, confirmed=False)
    assert page.context["title"] == "Remove the second factors of these users?"
    assert lost.authenticator_set.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        page = act(client, "remove_second_factors", lost, none)
    assert messages_of(page) == [f"Removed second factors: {lost}.", f"Had none: {none}."]
    assert lost.authenticator_set.count() == 0
    assert get_signed_in_user(browser) is None
    assert [(entry.object_repr, entry.change_message) for entry in LogEntry.objects.all()] == [
        (str(lost), "Removed second factors")
    ]
    wait_until_sent()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([lost.email], "Your second factors were removed · Shipside")
    ]


def test_deactivated_user_is_signed_out_for_good(client, administrator):
    user = person("Editor")
    browser = signed_in(user)
    assert get_signed_in_user(browser) == user.username
    assert messages_of(act(client, "deactivate", user)) == [f"Deactivated: {user}."]
    assert get_signed_in_user(browser) is None
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert get_signed_in_user(browser) is None  # the old session does not come back


def test_deactivating_in_the_form_ends_sessions_too(client, administrator):
    user = person("Editor")
    browser = signed_in(user)
    assert change(client, user, is_active=False).status_code == 302
    user.refresh_from_db()
    assert not user.is_active
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert get_signed_in_user(browser) is None


def test_sign_out_ends_all_sessions_of_a_user(client, administrator):
    user = person("Editor")
    browsers = [signed_in(user), signed_in(user)]
    assert messages_of(act(client, "sign_out", user)) == [f"Signed out everywhere: {user}."]
    assert [get_signed_in_user(browser) for browser in browsers] == [None, None]
    assert get_signed_in_user(client) == administrator.username


def test_administrator_cannot_deactivate_themselves(client, administrator):
    assert messages_of(act(client, "deactivate", administrator)) == [f"You may not do this to: {administrator}."]
    assert get_signed_in_user(client) == administrator.username


def test_only_superusers_create_and_change_superusers(client, administrator):
    owner, user = person(is_superuser=True), person()
    assert change(client, user, is_superuser="on").status_code == 302
    user.refresh_from_db()
    assert not user.is_superuser
    assert client.post(f"{LIST}{owner.pk}/change/", {"username": "mine"}).status_code == 403
    new = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"{LIST}{owner.pk}/password/", new).status_code == 403
    assert messages_of(act(client, "deactivate", owner))[-1:] == [f"You may not do this to: {owner}."]
    client.force_login(owner)
    assert change(client, user, is_superuser="on").status_code == 302
    user.refresh_from_db()
    assert user.is_superuser


def test_promotion_ends_sessions(client, administrator):
    user = person("Reviewer")
    browser = signed_in(user)
    response = change(client, user, groups=[Group.objects.get(name=name).pk for name in ("Reviewer", "Editor")])
    page = client.get(response.headers["Location"])
    assert messages_of(page)[0] == f"Signed out everywhere, because they may do more now: {user}."
    assert get_signed_in_user(browser) is None

    client.force_login(person(is_superuser=True))
    browser = signed_in(user)
    change(client, user, is_superuser="on")
    assert get_signed_in_user(browser) is None


def test_demotion_and_other_changes_end_no_session(client, administrator):
    user = person("Reviewer", "Editor")
    browser = signed_in(user)
    change(client, user, first_name="Bea")
    change(client, user, groups=[Group.objects.get(name="Reviewer").pk])
    user.refresh_from_db()
    assert (user.first_name, user.groups.get().name) == ("Bea", "Reviewer")
    assert get_signed_in_user(browser) == user.username


def test_permissions_added_to_a_group_end_the_sessions_of_its_members(client, administrator):
    group = Group.objects.create(name="Interns")
    url = f"/admin/auth/group/{group.pk}/change/"
    member, other = person("Interns"), person("Reviewer")
    browsers = [signed_in(member), signed_in(other)]
    permissions = [Permission.objects.get(codename=name).pk for name in ("view_vote", "import_catalog")]
    client.post(url, {"name": "Interns", "permissions": permissions})
    assert [get_signed_in_user(browser) for browser in browsers] == [None, other.username]
    browsers[0].force_login(member)
    client.post(url, {"name": "Interns", "permissions": permissions[:1]})
    assert get_signed_in_user(browsers[0]) == member.username


def test_administrators_who_promote_themselves_stay_signed_in_here(client, administrator):
    Group.objects.create(name="Interns").permissions.add(Permission.objects.get(codename="add_session"))
    elsewhere = signed_in(administrator)
    groups = [Group.objects.get(name=name).pk for name in ("Administrator", "Interns")]
    change(client, administrator, groups=groups)
    assert get_signed_in_user(client) == administrator.username
    assert get_signed_in_user(elsewhere) is None


def test_only_accounts_that_never_signed_in_can_be_deleted(client, administrator):
    user = person()
    sign_in(Client(), user)
    assert client.post(f"{LIST}{user.pk}/delete/", {"post": "yes"}).status_code == 403
    typo = person()
    assert client.post(f"{LIST}{typo.pk}/delete/", {"post": "yes"}).status_code == 302
    assert set(User.objects.all()) == {administrator, user}


def test_the_four_groups_cannot_be_changed(client, administrator):
    group = Group.objects.get(name="Reviewer")
    assert client.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Publisher"}).status_code == 403
    assert client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 403


def test_secrets_of_second_factors_have_no_page(client):
    client.force_login(person(is_superuser=True))
    assert client.get("/admin/mfa/authenticator/").status_code == 404
    assert client.get("/admin/account/emailaddress/").status_code == 404
