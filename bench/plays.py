"""Plays over many hosts that are all this machine, by local connection or by ssh."""

import contextlib
import getpass
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from delaying_proxy import delaying_proxy
from harness import CACHE, ROOT, registries
from slow_registries import free_ports

REGISTRIES = 5
OREG = {"name": "All registries", "oreg_node_config": {
    "paths": ["{{ file }}"], "openshift_additional_registry_credentials": "{{ registries }}"}}
RAW = {"name": "The least", "raw": "true", "changed_when": False}
OWN_WAY = {**OREG, "vars": {"oreg_courier": False}}
PYTHON = {"name": "One registry", "one_registry": {
    "path": "{{ file }}", "registry": "{{ item.host }}", "username": "{{ item.user }}",
    "password": "{{ item.password }}"}, "loop": "{{ registries }}", "loop_control": {"label": "{{ item.host }}"}}


class Play:
    """A play of at most one task, for hosts whose files are in a directory of ours."""

    def __init__(self, scratch, count, variables=None):
        self.scratch = pathlib.Path(scratch)
        common = {"file": f"{scratch}/nodes/{{{{ inventory_hostname }}}}/config.json",
                  "oreg_program_dir": f"{scratch}/programs",
                  "registries": registries(REGISTRIES), "ansible_python_interpreter": "/usr/bin/python3",
                  **(variables or {"ansible_connection": "local"})}
        hosts = {f"node-{number:03}": {} for number in range(count)}
        self.write("hosts.json", {"all": {"hosts": hosts, "vars": common}})
        for name, tasks in {"nothing": [], "oreg": [OREG], "own-way": [OWN_WAY], "raw": [RAW], "python": [PYTHON]}.items():
            self.write(f"{name}.json", [{"name": "Bench", "hosts": "all", "gather_facts": False, "tasks": tasks}])

    def write(self, name, value):
        (self.scratch / name).write_text(json.dumps(value), encoding="utf-8")

    def forget(self):
        shutil.rmtree(self.scratch / "nodes", ignore_errors=True)

    def forget_programs(self):
        """The next run is a first contact."""
        shutil.rmtree(self.scratch / "programs", ignore_errors=True)

    def command(self, name):
        return [str(CACHE / "venv-bench/bin/ansible-playbook"), "-i", f"{self.scratch}/hosts.json",
                f"{self.scratch}/{name}.json"]

    def environment(self):
        return {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_LIBRARY": f"{ROOT}/library:{ROOT}/bench/peer",
                # For the peer: modules that are programs are copied in any case.
                "ANSIBLE_PIPELINING": "True"}

    def run(self, name, **environment):
        run = subprocess.run(self.command(name), env={**self.environment(), **environment}, capture_output=True,
                             text=True, check=False)
        if run.returncode:
            raise RuntimeError(run.stdout[-2000:] + run.stderr[-2000:])
        return run.stdout


@contextlib.contextmanager
def ssh_server(scratch):
    """Runs an sshd of ours on loopback. Yields the variables by which hosts are reached there, each by
    a connection of its own."""
    keys = {name: f"{scratch}/{name}_key" for name in ("host", "user")}
    for key in keys.values():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    port, = free_ports(1)
    pathlib.Path(f"{scratch}/sshd_config").write_text(f"""
ListenAddress 127.0.0.1:{port}
HostKey {keys["host"]}
AuthorizedKeysFile {keys["user"]}.pub
PidFile none
StrictModes no
UsePAM no
MaxStartups 500
MaxSessions 500
Subsystem sftp internal-sftp
# What the account's .bashrc does on this machine is not to be measured.
SetEnv HOME={scratch}
""", encoding="utf-8")
    os.makedirs("/run/sshd", exist_ok=True)
    command = ["/usr/sbin/sshd", "-D", "-e", "-f", f"{scratch}/sshd_config"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            time.sleep(0.5)
            if server.poll() is not None:
                raise RuntimeError("sshd does not start")
            yield {
                "ansible_host": "127.0.0.1", "ansible_port": port, "ansible_user": getpass.getuser(),
                "ansible_ssh_private_key_file": keys["user"],
                "ansible_control_path": f"{scratch}/%%r-{{{{ inventory_hostname }}}}",
                "ansible_ssh_common_args": "-F /dev/null -o UserKnownHostsFile=/dev/null "
                                           "-o StrictHostKeyChecking=no -o LogLevel=ERROR",
            }
        finally:
            server.terminate()


@contextlib.contextmanager
def scratch_directory():
    """A directory with a short name, since paths of sockets are limited; and not below /tmp, where the courier
    keeps no programs."""
    with tempfile.TemporaryDirectory(prefix="b", dir=CACHE) as scratch:
        yield scratch


@contextlib.contextmanager
def delayed(variables, seconds):
    """Puts a proxy before the sshd of `ssh_server` that delays all data by `seconds` on each way. Yields the
    variables by which hosts are reached there."""
    with delaying_proxy(variables["ansible_port"], seconds) as port:
        yield {**variables, "ansible_port": port,
               "ansible_control_path": variables["ansible_control_path"].replace("/%%r", "/d%%r")}
