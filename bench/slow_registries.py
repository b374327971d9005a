"""Many registries in front of the test bed's one, each with a delay before every request: see
testbed/src/slow_registries.rs."""

import contextlib
import json
import os
import socket
import subprocess

IMAGE = "openshift3/ose-pod:v3.11"


@contextlib.contextmanager
def slow_registries(count, delay_ms):
    """Runs `count` registries whose every answer takes `delay_ms` longer. Yields their hosts, a
    directory like /etc/docker/certs.d that makes them trusted, and haproxy's control socket."""
    command = [os.environ["OREG_TESTBED"], "slow-registries", f"--count={count}", f"--delay-ms={delay_ms}",
               f"--registry={os.environ['OREG_TOKEN_REGISTRY']}", f"--realm={os.environ['OREG_TOKEN_REALM']}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as registries:
        about = json.loads(registries.stdout.readline())
        try:
            yield about["hosts"], about["cert_dir"], about["control"]
        finally:
            registries.stdin.close()


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
