"""The files in deploy/: what they name exists, and what they set is documented."""

import os
import re
import shlex
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from bench.cluster.programs import fill_in
from bench.nginx import NAMES

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
DOCUMENTED = {
    name for cell in re.findall(r"^\| (`[A-Z][^|]*) \|", OPERATIONS, re.M) for name in re.findall(r"`(\w+)`", cell)
}
UNITS = sorted((DEPLOY / "systemd").iterdir())


def read_services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(COMPOSE)["services"]


def find_management_commands(text: str) -> set[str]:
    return set(re.findall(r"manage\.py[ ,\"']+(\w+)", text))


def test_compose_sets_what_is_documented():
    services = read_services()
    for name in ("migrate", "site", "worker", "backup"):
        assert services[name]["environment"].keys() <= DOCUMENTED, name
        assert services[name]["environment"]["TRUSTED_PROXY_COUNT"] == "${TRUSTED_PROXY_COUNT:-1}"
        assert services[name]["env_file"] == ".env"  # of the folder of compose.yaml; so all documented settings count
    assert services["edge"]["environment"].keys() == set(NAMES)


def test_compose_asks_for_what_has_no_default():
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "compose.env.example").read_text(), re.M))
    settings = [line for line in COMPOSE.splitlines() if not line.lstrip().startswith("#")]
    wanted = re.findall(r"\$\{(\w+)(:\?|:-[^}]*)\}", "\n".join(settings))
    assert {name for name, rule in wanted if rule == ":?"} <= example.keys()
    assert example.keys() <= {name for name, _ in wanted} | DOCUMENTED
    assert not re.search(r"(?<!\$)\$(?!\{\w+:)(?!\$)", "\n".join(settings)), "a name without a rule"


def test_certificate_of_certbot_is_whole_in_the_container(tmp_path):
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "compose.env.example").read_text(), re.M))
    host = tmp_path / "etc" / "letsencrypt"
    for folder in ("live", "archive"):
        (host / folder / example["SITE_HOST"]).mkdir(parents=True)
    for name in ("fullchain", "privkey"):
        (host / "archive" / example["SITE_HOST"] / f"{name}1.pem").touch()
        link = host / "live" / example["SITE_HOST"] / f"{name}.pem"
        link.symlink_to(f"../../archive/{example['SITE_HOST']}/{name}1.pem")
    mounted = tmp_path / "srv" / "certificates"
    mounted.parent.mkdir()
    (tmp_path / example["CERTIFICATE_DIR"].lstrip("/")).rename(mounted)
    edge = read_services()["edge"]
    assert "${CERTIFICATE_DIR:?}:/srv/certificates:ro" in edge["volumes"]
    for name in ("CERTIFICATE", "CERTIFICATE_KEY"):
        path = re.sub(r"\$\{(\w+):\?\}", lambda match: example[match[1]], edge["environment"][name])
        assert (tmp_path / path.lstrip("/")).is_file()


def test_compose_starts_nginx_again_with_the_site():
    assert read_services()["edge"]["depends_on"]["site"] == {"condition": "service_healthy", "restart": True}


def test_compose_names_only_what_it_has():
    document, services = yaml.safe_load(COMPOSE), read_services()
    for name, service in services.items():
        assert service.get("depends_on", {}).keys() <= services.keys(), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0] if not volume.startswith("${") else "."
            assert source.startswith((".", "/")) or source in document["volumes"], volume
        if "image" in service and service["image"] != "shipside":
            assert re.search(r":\d+", service["image"]), "a release, not `latest`"
    assert (DEPLOY / "nginx.conf").is_file()
    assert find_management_commands(COMPOSE) == {"migrate", "collectstatic", "worker", "backup", "createsuperuser"}
    assert find_management_commands(COMPOSE) <= get_commands().keys()


def test_compose_keeps_no_log_for_good():
    for name, service in read_services().items():
        assert service["logging"] == {"driver": "local", "options": {"max-size": "20m", "max-file": "5"}}, name


def test_values_of_pgbackrest_have_no_comments():
    """It takes comments for a part of the value, and makes a folder with such a name."""
    [file] = re.findall(r"```ini\n# /etc/pgbackrest/pgbackrest.conf\n(.*?)```", OPERATIONS, re.DOTALL)
    values = dict(re.findall(r"^([a-z0-9-]+)=(.*)$", file, re.M))
    assert values["repo1-path"] == "/var/lib/pgbackrest"
    assert not re.search(r"[ #]", "".join(values.values()))


def test_compose_gives_what_root_has_restored_back_to_the_site():
    [_, command] = read_services()["migrate"]["command"][1:]
    folders = {volume.split(":")[1] for volume in read_services()["site"]["volumes"]}
    [owned] = re.findall(r"^chown -R 10001 (.*)$", command, re.M)
    assert set(owned.split()) == folders
    [restored_by] = re.findall(r"^docker compose .* run --rm (\w+) python manage.py restore ", OPERATIONS, re.M)
    assert any(volume.endswith(":/srv/backups") for volume in read_services()[restored_by]["volumes"])
    assert folders & {volume.split(":")[1] for volume in read_services()[restored_by]["volumes"]} == {"/srv/data"}


DAY = 24 * 3600  # seconds


@pytest.fixture
def backups(tmp_path) -> Path:
    """A folder with backups and what a killed backup left behind, each named after its age in days."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for name, days in (("shipside-40.tar", 40), ("shipside-3.tar", 3), ("shipside-2.tar.partial", 2)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - days * DAY,) * 2)
    (folder / "shipside-0.tar.partial").touch()
    (folder / "other-40.tar").touch()
    return folder


def list_names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("status", [0, 1])
def test_compose_deletes_old_backups_only_after_a_new_one(status, backups, tmp_path):
    before = list_names(backups)
    programs = {"sleep": f"mkdir {tmp_path}/slept 2>{tmp_path}/ended", "python": f"exit {status}"}  # one night only
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    shell, options, script = read_services()["backup"]["command"]
    script = script.replace("$$", "$").replace("/srv/backups", str(backups))
    subprocess.run([shell, options, script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False, timeout=30)
    assert (tmp_path / "ended").exists()
    assert list_names(backups) == (before if status else before - {"shipside-40.tar", "shipside-2.tar.partial"})


def test_systemd_deletes_old_backups_only_after_a_new_one(backups):
    before = list_names(backups)
    unit = (DEPLOY / "systemd" / "shipside-backup.service").read_text()
    assert "Type=oneshot" in unit  # systemd runs ExecStartPost when ExecStart has succeeded
    assert " -delete" not in re.search(r"^ExecStart=(.*)$", unit, re.M)[1]
    for command in re.findall(r"^ExecStartPost=(.*)$", unit, re.M):
        subprocess.run(shlex.split(command.replace("/srv/shipside/backups", str(backups))), check=True)
    assert list_names(backups) == before - {"shipside-40.tar", "shipside-2.tar.partial"}


def test_nginx_says_how_to_fill_in_each_name():
    text = (DEPLOY / "nginx.conf").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(NAMES)
    for name in NAMES:
        assert re.search(rf"^#.*\b{name}=", text, re.M), name
        assert f"${name} " in text or f"${name}'" in text, name


@pytest.mark.parametrize(
    ("file", "name", "folder"),
    [("nginx.conf", "CACHE_DIR", "/var/lib/nginx/shipside"), ("pgbouncer.ini", "POOLER_DIR", "/var/run/postgresql")],
)
def test_instructions_name_folders_that_debian_has(file, name, folder):
    """nginx creates a folder, but not its parent, and PgBouncer creates none. Debian's packages have these."""
    assert re.search(rf"^[#;].*\b{name}=(\S+)", (DEPLOY / file).read_text(), re.M)[1] == folder


@pytest.mark.parametrize("name", ["operations.md", "scaling.md"])
def test_instructions_install_what_they_run(name):
    """Debian's Python makes no virtual environments without python3-venv, and its minimal system has no sudo."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / name).read_text(), re.DOTALL)
    [block] = [block for block in blocks if "-m venv" in block]
    installed = block.partition("-m venv")[0]
    assert re.search(r"^ *apt-get install .*\bpython3-venv\b", installed, re.M)
    assert "sudo" not in block


def test_copy_for_a_new_node_does_not_wait_for_a_checkpoint():
    """It would take up to five minutes until a node that is copied again streams."""
    patroni = yaml.safe_load((DEPLOY / "patroni.yml").read_text())
    assert {"checkpoint": "fast"} in patroni["postgresql"]["basebackup"]


def test_cluster_is_of_the_postgresql_of_the_debian_that_has_its_python():
    scaling = (ROOT / "docs" / "scaling.md").read_text()
    versions = re.findall(r"\bpostgresql-(\d+)$|pg_dropcluster --stop (\d+) ", scaling, re.M)
    versions += re.findall(r"/postgresql/(\d+)()/bin", (DEPLOY / "patroni.yml").read_text())
    assert {"".join(version) for version in versions} == {"17"}, "Debian 13 has Python 3.13 and PostgreSQL 17"


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_units_run_what_exists(unit):
    text = unit.read_text()
    started = re.findall(r"^ExecStart=(.*)$", text, re.M)
    assert bool(started) == (unit.suffix == ".service")
    for command in started:
        assert find_management_commands(command) <= get_commands().keys()
        if "patroni" in command:
            assert command == "/opt/patroni/bin/patroni /etc/patroni.yml"
        elif "gunicorn" in command:
            assert (ROOT / re.search(r"-c (\S+)", command)[1]).is_file()
        else:
            assert find_management_commands(command)
    prepared = " ".join(re.findall(r"^#   install -d .*$", (DEPLOY / "systemd" / "shipside.service").read_text(), re.M))
    for folder in re.findall(r"^ReadWritePaths=(.*)$", text, re.M):
        assert set(folder.split()) <= set(prepared.split())
    for folder in re.findall(r"^WorkingDirectory=(.*)$", text, re.M):
        assert folder == "/srv/shipside/app"


def test_systemd_holds_the_socket_that_nginx_asks():
    socket, service = ((DEPLOY / "systemd" / f"shipside.{kind}").read_text() for kind in ("socket", "service"))
    address = re.search(r"^ListenStream=(.*)$", socket, re.M)[1]
    assert f"UPSTREAM={address} " in (DEPLOY / "nginx.conf").read_text()
    assert re.search(r"^Requires=shipside.socket$", service, re.M)
    assert re.search(r"^After=.*\bshipside.socket$", service, re.M)


def test_example_of_systemd_makes_a_site_that_can_write_its_files():
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "shipside.env.example").read_text(), re.M))
    assert example.keys() <= DOCUMENTED
    writable = re.search(r"^ReadWritePaths=(.*)$", (DEPLOY / "systemd" / "shipside.service").read_text(), re.M)[1]
    assert example["DATA_DIR"] == writable


CLUSTER_FILES = ["etcd.env", "patroni.yml", "haproxy.cfg", "pgbouncer.ini"]


@pytest.mark.parametrize("name", CLUSTER_FILES)
def test_files_of_the_cluster_say_how_to_fill_in_each_name(name):
    text = (DEPLOY / name).read_text()
    wanted = set(re.findall(r"\$\{([A-Z_0-9]+)\}", text))
    comments = "\n".join(re.findall(r"^[#;].*$", text, re.M))
    for word in wanted:
        assert re.search(rf"\b{word}=", comments), word
    filled = fill_in(name, dict.fromkeys(wanted, "x"))
    assert not re.search(r"^[^#;\n]*\$\{", filled, re.M)


def test_only_those_with_the_password_may_switch_over():
    settings = yaml.safe_load(fill_in("patroni.yml", defaultdict(lambda: "x", REST_PASSWORD="secret")))
    assert settings["restapi"]["authentication"] == {"username": "patroni", "password": "secret"}


def test_etcd_deletes_old_versions():
    """Otherwise it stops the cluster when its quota is full."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "etcd.env").read_text(), re.M))
    assert settings["ETCD_AUTO_COMPACTION_MODE"] == "periodic"
    assert settings["ETCD_AUTO_COMPACTION_RETENTION"] == "1h"


def test_each_member_of_etcd_is_one_of_the_cluster():
    addresses = {"one": "10.0.0.11", "two": "10.0.0.12", "three": "10.0.0.13"}
    values = {f"ADDRESS_{number}": address for number, address in enumerate(addresses.values(), 1)}
    for node, address in addresses.items():
        text = fill_in("etcd.env", values | {"NODE": node, "NODE_ADDRESS": address})
        member = dict(re.findall(r"^(ETCD_\w+)=(.*)$", text, re.M))
        own = f"{node}={member['ETCD_INITIAL_ADVERTISE_PEER_URLS']}"
        assert own in member["ETCD_INITIAL_CLUSTER"].split(",")
        assert member["ETCD_INITIAL_CLUSTER"].count(",") == 2
        assert member["ETCD_LISTEN_PEER_URLS"] == member["ETCD_INITIAL_ADVERTISE_PEER_URLS"]


def test_another_node_takes_over_only_when_the_proxy_has_left_the_old_one():
    settings = yaml.safe_load(fill_in("patroni.yml", defaultdict(lambda: "x")))["bootstrap"]["dcs"]
    assert settings["ttl"] >= settings["loop_wait"] + 2 * settings["retry_timeout"]  # Patroni's own rule
    assert settings["synchronous_mode"]
    proxy = (DEPLOY / "haproxy.cfg").read_text()
    check, interval, fall = (int(re.search(rf"{word} (\d+)", proxy)[1]) for word in ("timeout check", "inter", "fall"))
    assert fall * (check + interval) < settings["ttl"]
    assert "on-marked-down shutdown-sessions" in proxy
