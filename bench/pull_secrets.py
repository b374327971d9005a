"""c. Pull secrets at a real API server, against kubectl and kubernetes.core.k8s."""

import base64
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

from harness import CACHE, COMPARED, ROOT, Way, call, compare, registries, table, write_json

COUNT = 200
SINGLE = 20
STEPS = {"created": "first", "updated": "second", "unchanged": "second"}


def measure():
    with tempfile.TemporaryDirectory() as directory:
        scratch = pathlib.Path(directory)
        write_inputs(scratch)
        makers = ways(scratch)
        for namespace in makers:
            kubectl("create", "namespace", namespace)
        text = ""
        for step in STEPS:
            rows = compare([make(step) for make in makers.values()])
            text += f"\n{COUNT} {step}:\n\n{table(COMPARED, rows)}"
    return f"{COUNT} pull secrets", text + (
        "\n`oreg_pull_secrets` and kubectl are timed as processes, the last two lines as "
        f"`ansible-playbook`. One kubectl per secret is measured on {SINGLE} of them and multiplied.\n")


def ways(scratch):
    """Namespace of each way, and what makes the way for a step."""
    def way(name, namespace, run, times=1):
        def for_step(step):
            def prepare():
                if step == "created":
                    kubectl("delete", "secrets", "--all", "--namespace", namespace)
                elif step == "updated":
                    run("first")
            return Way(name, lambda: run(STEPS[step]), prepare, times)
        return for_step

    def single(password):
        for number in range(SINGLE):
            kubectl("apply", "--namespace", "bench-single", "-f", scratch / f"{password}/{number}.json")

    return {
        "bench-oreg": way("`oreg_pull_secrets`", "bench-oreg",
                          lambda password: call("oreg_pull_secrets", str(scratch / f"{password}-oreg.json"))),
        "bench-all": way("`kubectl apply`, one call", "bench-all",
                         lambda password: kubectl("apply", "--namespace", "bench-all", "-f", scratch / f"{password}.json")),
        "bench-single": way("`kubectl apply`, one call each", "bench-single", single, COUNT // SINGLE),
        "bench-play": way("`oreg_pull_secrets` in a play", "bench-play",
                          lambda password: play(scratch, f"{password}-play-oreg")),
        "bench-k8s": way("`kubernetes.core.k8s` in a play, one call", "bench-k8s",
                         lambda password: play(scratch, f"{password}-play-k8s")),
    }


def write_inputs(scratch):
    for password in ("first", "second"):
        credentials = registries(COUNT, password)
        manifests = [manifest(one) for one in credentials]
        (scratch / password).mkdir()
        for number, one in enumerate(manifests[:SINGLE]):
            write_json(scratch / password / f"{number}.json", one)
        write_json(scratch / f"{password}.json", {"apiVersion": "v1", "kind": "List", "items": manifests})
        options = {"kubeconfig": os.environ["KUBECONFIG"],
                   "openshift_additional_registry_credentials": credentials}
        write_json(scratch / f"{password}-oreg.json", {**options, "namespaces": ["bench-oreg"]})
        write_play(scratch / f"{password}-play-oreg.json",
                   {"oreg_pull_secrets": {**options, "namespaces": ["bench-play"]}})
        write_play(scratch / f"{password}-play-k8s.json",
                   {"kubernetes.core.k8s": {"namespace": "bench-k8s", "definition": manifests}})


def manifest(credential):
    auth = base64.b64encode(f"{credential['user']}:{credential['password']}".encode()).decode()
    document = json.dumps({"auths": {credential["host"]: {"auth": auth}}})
    name = "o-a-" + hashlib.md5(credential["host"].encode()).hexdigest()
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": base64.b64encode(document.encode()).decode()}}


def write_play(path, task):
    write_json(path, [{"name": "Bench", "hosts": "localhost", "gather_facts": False,
                       "tasks": [{"name": "Secrets", **task}]}])


def play(scratch, name):
    python = CACHE / "venv-bench/bin"
    run = subprocess.run(
        [python / "ansible-playbook", "-i", "localhost,", "-c", "local",
         "-e", f"ansible_python_interpreter={python}/python3", scratch / f"{name}.json"],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
             "ANSIBLE_LIBRARY": str(ROOT / "library"), "K8S_AUTH_KUBECONFIG": os.environ["KUBECONFIG"]},
        capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stdout[-2000:])


def kubectl(*arguments):
    subprocess.run(["kubectl", *arguments], check=True, stdout=subprocess.DEVNULL)
