"""A Receptor mesh on loopback: a controller and execution nodes, each in a process namespace of its own."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

CACHE = pathlib.Path(os.environ.get("OREG_CACHE") or pathlib.Path.home() / ".cache/oreg")
BIN = pathlib.Path(sys.executable).parent
CONTROLLER = "controller"
BOUND = 120


class Mesh:
    """`environment` is what an execution environment gives to its jobs."""

    def __init__(self, directory, workers, environment):
        self.directory, self.workers, self.environment = directory, workers, environment
        self.port = free_port()
        self.members = {}

    def __enter__(self):
        for name in [CONTROLLER, *self.workers]:
            self.start(name)
        wait_for(lambda: self.known() >= set(self.workers), "every member knows the others")
        return self

    def __exit__(self, *_):
        for name in list(self.members):
            self.kill(name)

    def start(self, name):
        home = self.directory / name
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        config = home / "receptor.yml"
        config.write_text(json.dumps(self.settings(name, home)), encoding="utf-8")
        # The namespace goes with the process that is killed, and with it all that a job has started.
        command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                   str(CACHE / "bin/receptor"), "--config", str(config)]
        with open(home / "log", "a", encoding="utf-8") as log:
            self.members[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**self.environment, "TMPDIR": str(home / "tmp")})
        wait_for(lambda: self.answers(name), f"{name} answers")

    def settings(self, name, home):
        address = {"tcp-listener": {"port": self.port, "bindaddr": "127.0.0.1"}} if name == CONTROLLER else \
            {"tcp-peer": {"address": f"127.0.0.1:{self.port}"}}
        work = {"work-command": {"worktype": "ansible-runner", "command": str(BIN / "ansible-runner"),
                                 "params": "worker", "allowruntimeparams": True}}
        return [{"node": {"id": name, "datadir": str(home / "data")}}, {"log-level": "info"}, address,
                {"control-service": {"service": "control", "filename": str(self.socket(name))}},
                *([] if name == CONTROLLER else [work])]

    def socket(self, name):
        return self.directory / name / "socket"

    def answers(self, name):
        return self.socket(name).exists() and self.control("status", at=name).returncode == 0

    def kill(self, name):
        """Ends a member as a power failure does."""
        member = self.members.pop(name)
        member.send_signal(signal.SIGKILL)
        member.wait()
        self.socket(name).unlink(missing_ok=True)

    def control(self, *words, at=CONTROLLER):
        command = [str(BIN / "receptorctl"), "--socket", str(self.socket(at)), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=BOUND)

    def known(self):
        """The members that the controller can reach."""
        status = self.control("status", "--json")
        return set(json.loads(status.stdout).get("KnownConnectionCosts") or {}) if status.returncode == 0 else set()

    def submit(self, worker, payload):
        """Hands a job to a worker; returns the name of the unit of work."""
        done = self.control("work", "submit", "ansible-runner", "--node", worker, "--payload", str(payload))
        words = [line.split(":")[-1].strip() for line in done.stdout.splitlines() if "Unit ID" in line]
        if done.returncode or not words:
            raise RuntimeError(f"submit to {worker}: {done.stdout}{done.stderr}")
        return words[0]

    def results(self, unit, into):
        """Starts what reads the events of a unit, from its first to its last, into a directory."""
        stream = subprocess.Popen(
            [str(BIN / "receptorctl"), "--socket", str(self.socket(CONTROLLER)), "work", "results", unit],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        reader = subprocess.Popen([str(BIN / "ansible-runner"), "process", str(into)], stdin=stream.stdout,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        stream.stdout.close()
        return stream, reader

    def release(self, unit, force=False):
        self.control("work", "release", *(["--force"] if force else []), unit)


def wait_for(condition, what, bound=BOUND):
    end = time.monotonic() + bound
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {bound} s: {what}")
        time.sleep(0.1)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
