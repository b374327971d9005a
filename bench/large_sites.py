"""i. Large sites: a play over thousands of hosts, and the report of one."""

import json
import os
import statistics
import tempfile

from harness import RUNS, duration, exponent, launch, module, table, write_json
from plays import Play, scratch_directory

HOSTS = [250, 1000, 5000]
NODES = [100, 1000, 10_000]
REGISTRIES = 20


def measure():
    return "Large sites", plays() + reports() + "\nPlays are run once for each size.\n"


def plays():
    rows = {"time": [], "peak memory": []}
    for size in HOSTS:
        with scratch_directory() as scratch:
            play = Play(scratch, size)
            os.environ.update(play.environment())
            play.run("oreg")
            (seconds,), memory = launch(1, *play.command("oreg"))
        rows["time"].append(seconds)
        rows["peak memory"].append(memory)
    title = "Hosts in a play of `oreg_node_config`, unchanged, by local connection, 20 forks (memory: the largest process)"
    return shown(title, HOSTS, rows["time"], rows["peak memory"])


def reports():
    seconds, memories = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for size in NODES:
            arguments = write_json(f"{scratch}/arguments.json", {"report": "verify", "results": json.dumps(results(size))})
            runs = [launch(1, module("oreg_report"), arguments) for _ in range(RUNS)]
            seconds.append(statistics.median(run[0][0] for run in runs))
            memories.append(max(run[1] for run in runs))
    return shown(f"Nodes in `oreg_report: verify`, {REGISTRIES} registries each", NODES, seconds, memories)


def results(nodes):
    """What the action plugin hands over after `verify.yml` on a healthy site."""
    proofs = [proof(number) for number in range(REGISTRIES)]
    stored = {"changed": False, "failed": False, "registries": proofs}
    paths = ["/var/lib/origin/.docker/config.json", "/root/.docker/config.json"]
    files = {"changed": False, "failed": False, "files": [
        {"path": path, "changed": False, "added": [], "updated": [], "removed": [], "warnings": []} for path in paths]}
    return {
        "proven": stored, "secrets": {"secrets": []}, "control_host": "node-00000", "missing_image": "fail",
        "not_proven": "warn", "nodes": [
            {"name": f"node-{number:05}", "groups": ["nodes", "OSEv3"], "files": files, "stored": stored}
            for number in range(nodes)]}


def proof(number):
    host = f"registry{number:02}.example.com"
    return {"host": host, "user": "puller", "source": "auth_files", "test_image": "openshift3/ose-pod:v3.11",
            "verdict": "valid", "reason": "pulled", "message": f"{host} accepted the login and has the image",
            "http_status": 200, "digest": "sha256:" + "0123456789abcdef" * 4, "realm_host": f"sso.{host}", "requests": 4,
            "elapsed_ms": 120 + number}


def shown(title, sizes, seconds, memories):
    rows = [["time", *map(duration, seconds), exponent(sizes, seconds) or ""],
            ["peak memory", *(f"{memory / 1024:.1f} MiB" for memory in memories), exponent(sizes, memories) or ""]]
    return f"\n{title}:\n\n" + table(["", *(f"{size:,}" for size in sizes), "k"], rows)
