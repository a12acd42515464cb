"""`make run` and `make dev`: from a fresh clone to a site in the browser.

Starts PostgreSQL, migrates, collects static files, and serves. The first start also creates an administrator for this
machine only, imports the demo content, and casts made-up votes on it, unless DEMO=false asks for an empty site.
Idempotent: later starts change no data, so that a site whose content was deleted stays empty.
"""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

import environ

from config.listening import DEFAULT_PORT, get_port, resolve_bind

ROOT = Path(__file__).resolve().parent.parent
ADMIN = "admin"
ADMIN_EMAIL = "admin@example.com"  # reserved for examples: reaches nobody


def main() -> None:
    parser = argparse.ArgumentParser(prog="local_site", description=__doc__)
    parser.add_argument("mode", choices=["run", "dev"])
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    options = parser.parse_args()

    env_file = _ensure_env_file()
    environ.Env.read_env(env_file)  # before the settings do, because it may set DATABASE_URL
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["PORT"] = str(options.port)
    port = get_port(resolve_bind(os.environ)) or options.port  # BIND may name another
    os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    if options.mode == "dev":
        os.environ["DEBUG"] = "true"
    if not os.environ.get("DATABASE_URL"):
        from config import local_postgres

        local_postgres.start(Path(os.environ.get("DATA_DIR") or ROOT / ".data").expanduser().resolve())

    _manage("migrate", "--verbosity", "0")
    _prepare_content()
    if options.mode == "run":
        _manage("collectstatic", "--no-input", "--verbosity", "0")
    _announce(port, env_file)
    # The worker ends with this process, which becomes the server.
    subprocess.Popen([sys.executable, "manage.py", "worker", "--with-parent"], cwd=ROOT)
    if options.mode == "run":
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"])  # noqa: S606
    os.execv(sys.executable, [sys.executable, "manage.py", "runserver", f"127.0.0.1:{port}"])  # noqa: S606


def _ensure_env_file() -> Path:
    """Add missing local settings to .env, such as a secret key and an administrator's password for this machine.

    Existing lines are not changed. Returns the file's path.
    """
    path = ROOT / ".env"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(
            "# Created by `make run` for this machine. Environment variables win; see docs/operations.md.\n"
        )
    wanted = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "LOCAL_ADMIN_PASSWORD": secrets.token_urlsafe(12),
        "REQUIRE_MFA": "false",  # on this machine a password alone opens the desk
    }
    text = path.read_text()
    present = {line.partition("=")[0].removeprefix("export ").strip() for line in text.splitlines()}
    missing = [f"{name}={value}\n" for name, value in wanted.items() if name not in present]
    if missing:
        path.write_text("".join([text.rstrip("\n"), "\n", *missing]))
    return path


def _manage(*arguments: str) -> None:
    process = subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, check=False)  # noqa: S603 (our own arguments)
    if process.returncode:
        raise SystemExit(process.returncode)


def _prepare_content() -> None:
    import django

    django.setup()
    from django.contrib.auth import get_user_model

    from tools.models import Category, Tool

    users = get_user_model().objects
    if users.exists():  # not the first start
        return
    if environ.Env().bool("DEMO", default=True) and not Tool.objects.exists() and not Category.objects.exists():
        print("The site is new: importing the demo content and casting made-up votes.", flush=True)  # noqa: T201
        _manage("import_catalog", "demo/catalog.json", "--verbosity", "0")
        _manage("cast_demo_votes", "--verbosity", "0")
    users.create_superuser(ADMIN, email=ADMIN_EMAIL, password=_local_password())


def _local_password() -> str:
    return os.environ["LOCAL_ADMIN_PASSWORD"]


def _describe_mail() -> str:
    from django.conf import settings

    return (
        f"by {url.partition('://')[0]}"
        if (url := os.environ.get("MAIL_URL"))
        else f"files in {settings.DATA_DIR / 'mail'}"
    )


def _announce(port: int, env_file: Path) -> None:
    print(  # noqa: T201
        f"\n  The site:   http://127.0.0.1:{port}/"
        f"\n  The admin:  http://127.0.0.1:{port}/admin/  (user {ADMIN}, password {_local_password()},"
        f"\n              unless you have changed it; it is in {env_file.name})"
        f"\n  Mail:       {_describe_mail()}"
        "\n  Ctrl-C stops the site; `make stop` stops PostgreSQL too.\n",
        flush=True,
    )


if __name__ == "__main__":
    main()
