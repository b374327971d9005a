"""The site of the trial: its inventory in slices as AWX makes them, and what its nodes and cluster have."""

import base64
import io
import json
import os
import pathlib
import subprocess
import zipfile

NODES = pathlib.Path(os.environ["OREG_NODES_DIR"])
FILES = ["var/lib/origin/.docker/config.json", "root/.docker/config.json"]


class Site:
    def __init__(self, directory, collections):
        self.directory, self.collections = directory, collections
        self.nodes = sorted((path.name for path in NODES.iterdir()), key=lambda name: int(name.split("-")[1]))

    def slices(self, count):
        """AWX gives every count-th host to a slice."""
        return [self.nodes[first::count] for first in range(count)]

    def job(self, name, nodes, playbook, **variables):
        """A private data directory, as ansible-runner takes it. Passwords are extra variables, as those that a
        credential type of AWX injects."""
        job = self.directory / name
        for part in ("project", "inventory", "env"):
            (job / part).mkdir(parents=True, exist_ok=True)
        (job / "project" / "play.yml").write_text(f"- import_playbook: oreg.openshift.{playbook}\n", encoding="utf-8")
        (job / "project" / "ansible.cfg").write_text("[defaults]\nforks = 20\n", encoding="utf-8")
        (job / "inventory" / "hosts.json").write_text(json.dumps(self.inventory(nodes)), encoding="utf-8")
        (job / "env" / "extravars").write_text(json.dumps({**credentials(), **variables}), encoding="utf-8")
        return job

    def inventory(self, nodes):
        masters = [name for name in nodes if name == self.nodes[0]]
        hosts = {name: {"ansible_connection": "local", "node_dir": str(NODES / name)} for name in nodes}
        common = {
            "openshift_deployment_type": "openshift-enterprise",
            "oreg_url": os.environ["OREG_TOKEN_REGISTRY"] + "/openshift3/ose-${component}:${version}",
            "oreg_paths": ["{{ node_dir }}/" + path for path in FILES],
            "oreg_cert_dir": os.environ["OREG_CERT_DIR"], "oreg_restart_nodes": False,
            "oreg_control_host": "localhost", "oreg_kubeconfig": os.environ["KUBECONFIG"]}
        return {"OSEv3": {"children": {"masters": {"hosts": {name: {} for name in masters}}, "nodes": {"hosts": hosts}},
                          "vars": common},
                "local": {"hosts": {"localhost": {"ansible_connection": "local"}}}}

    def written(self):
        """What every node has."""
        paths = [NODES / name / path for name in self.nodes for path in FILES]
        return {str(path): path.read_bytes() for path in paths if path.exists()}

    def clear(self):
        for path in self.written():
            os.unlink(path)
        kubectl("delete", "secrets", "--namespace", "openshift", "--selector", "app.kubernetes.io/managed-by=oreg")


def credentials():
    environment = os.environ
    return {"oreg_auth_user": environment["OREG_REGISTRY_USER"],
            "oreg_auth_password": environment["OREG_REGISTRY_PASSWORD"],
            "openshift_additional_registry_credentials": [additional(environment["OREG_BASIC_PASSWORD"])]}


def additional(password):
    return {"host": os.environ["OREG_BASIC_REGISTRY"], "user": os.environ["OREG_BASIC_USER"], "password": password,
            "test_image": "mongodb/mongodb"}


def kubectl(*words):
    return subprocess.run(["kubectl", *words], check=True, capture_output=True, text=True).stdout


def secrets():
    listed = json.loads(kubectl("get", "secrets", "--namespace", "openshift", "--output", "json"))
    return {item["metadata"]["name"]: item["data"] for item in listed["items"]
            if item["type"] == "kubernetes.io/dockerconfigjson"}


def creations():
    """How often a secret was created, by the log of the API server."""
    log = pathlib.Path(os.environ["OREG_AUDIT_LOG"]).read_text(encoding="utf-8")
    events = [json.loads(line) for line in log.splitlines()]
    return sum(event["verb"] == "create" and "/secrets" in event["requestURI"]
               and event["responseStatus"]["code"] == 201 for event in events)


def refusals():
    """Requests that the registry with HTTP Basic answered with 401, by its log, which names no user then. A proof
    that fails has two: one without a credential, and the failed login."""
    log = pathlib.Path(os.environ["OREG_BASIC_ACCESS_LOG"]).read_text(encoding="utf-8")
    return sum('" 401 ' in line for line in log.splitlines())


def places_of_passwords(directory):
    """The files below a directory in which a password can be read, also inside what ansible-runner transmits."""
    words = [os.environ[name].encode() for name in ("OREG_REGISTRY_PASSWORD", "OREG_BASIC_PASSWORD")]
    pairs = [(os.environ["OREG_REGISTRY_USER"].encode(), words[0]), (os.environ["OREG_BASIC_USER"].encode(), words[1])]
    words += [base64.b64encode(user + b":" + password) for user, password in pairs]
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*")
                  if path.is_file() and any(word in text for text in texts(path.read_bytes()) for word in words))


def texts(content):
    """The content of a file, and of the archives in a stream of ansible-runner."""
    yield content
    lines = content.splitlines()
    for head, body in zip(lines, lines[1:]):
        if b'"zipfile"' in head:
            # The end of a stream may follow the archive on its line.
            packed = base64.b64decode(body.split(b"{")[0], validate=False)
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                yield from map(archive.read, archive.namelist())
