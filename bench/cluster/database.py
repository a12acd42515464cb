"""Three PostgreSQL servers under Patroni, with etcd, HAProxy, and PgBouncer, from the files in deploy/."""

import base64
import json
import os
import secrets
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from bench.cluster import programs
from bench.nginx import find_port
from bench.proof.site import list_children
from config.local_postgres import find_programs

ADDRESS = "127.0.0.1"
NAMES = ("one", "two", "three")
PATIENCE = 300  # seconds until the cluster is whole, on a busy machine


class Node:
    """A machine of the cluster: Patroni and the PostgreSQL that it runs."""

    def __init__(self, name: str, folder: Path, rest_password: str) -> None:
        self.name, self.folder, self._rest_password = name, programs.create_folder(folder), rest_password
        self.port, self.rest_port = find_port(), find_port()
        self._patroni: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "patroni.log").open("ab") as log:
            command = [programs.PATRONI, self.folder / "patroni.yml"]
            self._patroni = programs.start(command, log=log, cwd=self.folder)

    def check(self) -> None:
        """Raise RuntimeError if Patroni has ended: it never should."""
        if self._patroni is not None and self._patroni.poll() is not None:
            raise RuntimeError(f"Patroni ended: {(self.folder / 'patroni.log').read_text()[-2000:]}")

    @property
    def postmaster(self) -> int | None:
        """The process id of PostgreSQL's first process."""
        with suppress(OSError, ValueError, IndexError):
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            return pid if Path(f"/proc/{pid}").exists() else None
        return None

    def kill_postgres(self) -> None:
        """SIGKILL PostgreSQL's first process; the others notice and end."""
        if pid := self.postmaster:
            os.kill(pid, signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the machine."""
        leaders = [pid for pid in (self._patroni.pid if self._patroni else None, self.postmaster) if pid]
        for pid in [*leaders, *(child for leader in leaders for child in list_children(leader))]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        """End every process at once. The data is not needed again."""
        if self._patroni is None:
            return
        self.signal(signal.SIGCONT)
        for pid in [self._patroni.pid, *list_children(self._patroni.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._patroni.wait()
        if pid := self.postmaster:
            os.kill(pid, signal.SIGQUIT)
            until = time.monotonic() + 20
            while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
                time.sleep(0.1)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def ask(self, path: str, body: dict[str, str] | None = None, *, patience: float = 3) -> Any:
        """Ask Patroni. Raise OSError unless it answers with success within `patience` seconds.

        A request with a body changes something, and needs the password.
        """
        request = urllib.request.Request(f"http://{ADDRESS}:{self.rest_port}{path}")
        if body:
            request.data = json.dumps(body).encode()
            credentials = base64.b64encode(f"patroni:{self._rest_password}".encode()).decode()
            request.add_header("Authorization", f"Basic {credentials}")
        with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310 (our own server)
            content = answer.read().decode()
        return json.loads(content) if content.startswith("{") else content


class Database:
    """The cluster, as the site sees it: one address for the primary, and one for the replicas."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_hex(16)
        self._rest_password = secrets.token_hex(16)
        self.nodes = [Node(name, folder / name, self._rest_password) for name in NAMES]
        self.pooler_port, self.primary_port, self.replicas_port = find_port(), find_port(), find_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """The URL of the primary, by way of PgBouncer and HAProxy."""
        return f"postgresql://shipside:{self.password}@{ADDRESS}:{self.pooler_port}/shipside"

    @property
    def replica_url(self) -> str:
        return f"{self.url}_replica"

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect to the primary by way of PgBouncer."""
        return psycopg.connect(self.url, autocommit=True, prepare_threshold=None, connect_timeout=5)

    def start(self) -> None:
        """Start everything, and create the site's role and database."""
        etcd = f"{ADDRESS}:{find_port()}"
        self._start_etcd(etcd)
        passwords = {f"{role}_PASSWORD": secrets.token_hex(16) for role in ("SUPERUSER", "REPLICATION", "REWIND")}
        for node in self.nodes:
            values = {
                "NODE": node.name, "NODE_ADDRESS": ADDRESS, "POSTGRES_PORT": node.port, "REST_PORT": node.rest_port,
                "ETCD_HOSTS": etcd, "ALLOWED_NETWORK": "127.0.0.0/8", "DATA_DIR": node.folder / "data",
                "BIN_DIR": find_programs(), "SOCKET_DIR": node.folder,
                "REST_PASSWORD": self._rest_password, **passwords,
            }  # fmt: skip
            programs.write(node.folder / "patroni.yml", programs.fill_in("patroni.yml", values))
            node.start()
        self._start_proxy()
        self._start_pooler()
        self.wait_until_whole()
        superuser = f"postgresql://postgres:{passwords['SUPERUSER_PASSWORD']}@{ADDRESS}:{self.primary_port}/postgres"
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE shipside LOGIN PASSWORD '{self.password}'".encode())
            connection.execute("CREATE DATABASE shipside OWNER shipside")

    def _start_etcd(self, address: str) -> None:
        folder, peers = programs.create_folder(self.folder / "etcd"), f"http://{ADDRESS}:{find_port()}"
        command = [
            programs.find("etcd"), "--name", "one", "--data-dir", str(folder / "data"),
            "--listen-client-urls", f"http://{address}", "--advertise-client-urls", f"http://{address}",
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", f"one={peers}",
        ]  # fmt: skip
        self._start(command, "etcd.log")
        _wait_for(lambda: bool(urllib.request.urlopen(f"http://{address}/health", timeout=2)), "etcd")

    def _start_proxy(self) -> None:
        values: dict[str, object] = {
            "PROXY_ADDRESS": ADDRESS, "PRIMARY_PORT": self.primary_port, "REPLICAS_PORT": self.replicas_port
        }  # fmt: skip
        for number, node in enumerate(self.nodes, 1):
            values |= {f"NODE_{number}": f"{ADDRESS}:{node.port}", f"REST_{number}": node.rest_port}
        folder = programs.create_folder(self.folder / "haproxy")
        path = programs.write(folder / "haproxy.cfg", programs.fill_in("haproxy.cfg", values))
        self._start([programs.find("haproxy"), "-f", str(path)], "haproxy.log")

    def _start_pooler(self) -> None:
        folder = programs.create_folder(self.folder / "pgbouncer")
        users = programs.write(folder / "users.txt", f'"shipside" "{self.password}"\n')
        values = {
            "POOLER_ADDRESS": ADDRESS, "POOLER_PORT": self.pooler_port, "PROXY_ADDRESS": ADDRESS,
            "PRIMARY_PORT": self.primary_port, "REPLICAS_PORT": self.replicas_port,
            "USERS_FILE": users, "POOLER_DIR": folder,
        }  # fmt: skip
        path = programs.write(folder / "pgbouncer.ini", programs.fill_in("pgbouncer.ini", values))
        self._start([programs.find("pgbouncer"), str(path)], "pgbouncer.log")

    def _start(self, command: list[str], log: str) -> None:
        with (self.folder / log).open("ab") as file:
            self._processes.append(programs.start(command, log=file))

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()
        for process in self._processes:
            process.kill()
            process.wait()

    # -- What Patroni says ------------------------------------------------------------------------------

    def list_members(self) -> list[dict[str, Any]]:
        """Return what the first node that answers knows of all of them."""
        for node in self.nodes:
            with suppress(OSError):
                members: list[dict[str, Any]] = node.ask("/cluster")["members"]
                return members
        return []

    def find_node(self, *roles: str) -> Node:
        """Return a node with one of these roles."""
        names = [member["name"] for member in self.list_members() if member["role"] in roles]
        return next(node for node in self.nodes if node.name in names)

    @property
    def primary(self) -> Node:
        return self.find_node("leader")

    @property
    def synchronous_replica(self) -> Node:
        return self.find_node("sync_standby")

    def is_whole(self) -> bool:
        """Return whether there are a primary and two replicas that follow it, one of them synchronously."""
        members = self.list_members()
        for node in self.nodes:
            node.check()
        roles = sorted(member["role"] for member in members)
        states = {member["state"] for member in members if member["role"] != "leader"}
        return roles == ["leader", "replica", "sync_standby"] and states == {"streaming"}

    def wait_until_whole(self) -> None:
        _wait_for(self.is_whole, "the cluster", describe=self.list_members)

    def switch_over(self) -> None:
        """Make the synchronous replica the primary, as an operator does before maintenance."""
        leader, candidate = self.primary, self.synchronous_replica
        leader.ask("/switchover", {"leader": leader.name, "candidate": candidate.name}, patience=60)


def _wait_for(is_ready: Callable[[], bool], what: str, *, describe: Callable[[], object] = str) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError):
            if is_ready():
                return
        if time.monotonic() > until:
            raise RuntimeError(f"{what} is not ready after {PATIENCE} seconds: {describe()}")
        time.sleep(0.5)
