"""nginx in front of a site on this machine, with deploy/nginx.conf as it is but for its ports."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
SITE_CONFIG = ROOT / "deploy" / "nginx.conf"
HOST = "localhost"
PATIENCE = 20  # seconds until nginx answers
BINARIES = ("nginx", "/usr/sbin/nginx")  # Debian's is not on everybody's PATH
NAMES = ("SITE_HOST", "UPSTREAM", "STATIC_ROOT", "CACHE_DIR", "ACME_ROOT", "CERTIFICATE", "CERTIFICATE_KEY")

# What surrounds the file in Debian's nginx.conf and in the Docker image's, for a user without privileges.
_MAIN = """
daemon off;
$user
worker_processes 2;
pid $folder/nginx.pid;
error_log $folder/error.log warn;
events { worker_connections 1024; }
http {
    types {
        text/css css; application/javascript js; image/svg+xml svg; image/png png; font/woff2 woff2; text/html html;
    }
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    include $folder/shipside.conf;
    $more
}
"""


class Edge(NamedTuple):
    """A running nginx: its ports for HTTPS and HTTP, and the folder of its files."""

    port: int
    plain_port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def read_log(self) -> str:
        """Return what nginx has complained about."""
        return (self.folder / "error.log").read_text()


def find_nginx() -> str:
    """Return the path of nginx. Raises FileNotFoundError with what to install."""
    for name in BINARIES:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("There is no nginx on this machine. Debian and Ubuntu: sudo apt-get install nginx-light.")


def find_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", *, log: Path) -> None:
    """Wait until a process listens on a port. Raise RuntimeError with its log if it ends, or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"Nothing listens on port {port}: {log.read_text()}")


@contextmanager
def serve(
    upstream: str, *, static_root: Path, port: int | None = None, rate: str = "", patience: str = "", more: str = ""
) -> Iterator[Edge]:
    """Run nginx in front of `upstream` (host and port).

    `rate` replaces the limit of requests per client, and `patience` how long a client may take to send a request.
    `more` is added to its configuration, in `http`; `$folder` in it is the folder of the certificate.
    """
    nginx = find_nginx()
    folder = Path(tempfile.mkdtemp(prefix="shipside-nginx-"))
    edge = Edge(port or find_port(), find_port(), folder)
    config = _fill_in(edge, upstream, static_root)
    if rate:
        config = config.replace("rate=25r/s", f"rate={rate}")
    if patience:
        config = re.sub(r"(client_(?:header|body)_timeout) 10s;", rf"\1 {patience};", config)
    (folder / "shipside.conf").write_text(config)
    _create_certificate(folder)
    user = "user root;" if os.getuid() == 0 else ""  # otherwise its workers cannot read our folder
    main = Template(_MAIN).substitute(folder=folder, user=user, more=Template(more).substitute(folder=folder))
    (folder / "nginx.conf").write_text(main)
    process = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    try:
        wait_for_port(edge.port, process, log=folder / "error.log")
        yield edge
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _fill_in(edge: Edge, upstream: str, static_root: Path) -> str:
    """Return deploy/nginx.conf with its names filled in, as `envsubst` does, and on ports that nobody else has."""
    folder = edge.folder
    values = (
        HOST, upstream, static_root, folder / "cache", folder / "acme", folder / "cert.pem", folder / "key.pem"
    )  # fmt: skip
    text = SITE_CONFIG.read_text()
    for name, value in zip(NAMES, values, strict=True):
        text = text.replace(f"${{{name}}}", str(value))
    lines = [line for line in text.splitlines() if "listen [::]" not in line]  # not every machine has IPv6
    text = "\n".join(lines).replace("listen 443 ", f"listen 127.0.0.1:{edge.port} ")
    return text.replace("listen 80;", f"listen 127.0.0.1:{edge.plain_port};")


def _create_certificate(folder: Path) -> None:
    """Write a certificate for HOST, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
