"""Many registries in front of the test bed's one: haproxy with a port for each, and a delay before
every request, also before those to the token server."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time
import urllib.parse

IMAGE = "openshift3/ose-pod:v3.11"


@contextlib.contextmanager
def slow_registries(count, delay_ms):
    """Runs `count` registries whose every answer takes `delay_ms` longer. Yields their hosts and a
    directory like /etc/docker/certs.d that makes them trusted."""
    with tempfile.TemporaryDirectory() as scratch:
        make_certificate(scratch)
        *ports, token_port = free_ports(count + 1)
        with open(f"{scratch}/haproxy.cfg", "w", encoding="utf-8") as file:
            file.write(configuration(scratch, ports, token_port, delay_ms))
        hosts = [f"127.0.0.1:{port}" for port in ports]
        for host in hosts:
            os.makedirs(f"{scratch}/certs.d/{host}")
            os.symlink(f"{scratch}/ca.pem", f"{scratch}/certs.d/{host}/ca.crt")
        path = os.environ["PATH"] + ":/usr/sbin"
        command = ["haproxy", "-db", "-q", "-f", f"{scratch}/haproxy.cfg"]
        with subprocess.Popen(command, env={**os.environ, "PATH": path}) as haproxy:
            try:
                wait_for(ports[-1], haproxy)
                yield hosts, f"{scratch}/certs.d", f"{scratch}/control"
            finally:
                haproxy.kill()


def connections(control):
    """Returns how many TLS connections the registries and the token server have taken."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(control)
        stream.sendall(b"show stat typed\n")
        text = stream.makefile(encoding="utf-8").read()
    counts = {}
    for line in text.splitlines():
        if line.startswith("F.") and ".conn_tot." in line:
            name = "tokens" if line.startswith(f"F.{frontend_id(text, 'tokens')}.") else "registries"
            counts[name] = int(line.rsplit(":", 1)[1])
    return counts


def frontend_id(text, name):
    lines = (line for line in text.splitlines() if ".pxname." in line and line.endswith(f":{name}"))
    return next(lines).split(".")[1]


def free_ports(count):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def make_certificate(scratch):
    def openssl(*arguments):
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-nodes", "-days", "1", *arguments]
        subprocess.run(command, cwd=scratch, check=True, stderr=subprocess.DEVNULL)

    openssl("-subj", "/CN=bench", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("-subj", "/CN=registries", "-keyout", "server.pem.key", "-out", "server.pem",
            "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE")


def configuration(scratch, ports, token_port, delay_ms):
    realm = urllib.parse.urlsplit(os.environ["OREG_TOKEN_REALM"])
    tls = f"ssl crt {scratch}/server.pem"
    binds = "".join(f"  bind 127.0.0.1:{port} {tls}\n" for port in ports)
    with open(f"{scratch}/delay.lua", "w", encoding="utf-8") as file:
        file.write("core.register_action('delay', {'http-req'}, "
                   f"function() core.msleep({delay_ms}) end, 0)\n")
    delay = "  http-request lua.delay\n" if delay_ms else ""
    return f"""
global
  stats socket {scratch}/control
  lua-load {scratch}/delay.lua
  maxconn 4000
defaults
  mode http
  http-reuse always
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend registries
{binds}{delay}  default_backend registry
frontend tokens
  bind 127.0.0.1:{token_port} {tls}
{delay}  default_backend tokens
backend registry
  http-response replace-header WWW-Authenticate (.*){realm.netloc}(.*) \\1127.0.0.1:{token_port}\\2
  server registry {os.environ["OREG_TOKEN_REGISTRY"]} ssl verify none
backend tokens
  server tokens {realm.netloc} ssl verify none
"""


def wait_for(port, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise RuntimeError("haproxy does not listen")
