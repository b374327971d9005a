"""e. How time and memory grow."""

import os
import shutil
import statistics
import tempfile

from harness import RUNS, call, duration, exponent, launch, module, registries, table, write_json
from plays import Play, scratch_directory, ssh_server
from pull_secrets import kubectl
from slow_registries import slow_registries
from validation import credential

ENTRIES = [1, 10, 100, 1000, 10_000]
REGISTRIES = [1, 10, 100, 1000]
SECRETS = [1, 10, 100, 1000]
NODES = [10, 50, 100, 200, 500]


def measure():
    return "Growth", "".join([
        entries(), validated(), secrets(), nodes(),
        "\nThe exponent k is fitted to *smallest + c · moreᵏ*: what the smallest size takes, and how many more "
        "there are. There is none where nothing outweighs the smallest. 1 is linear.\n"])


def entries():
    with tempfile.TemporaryDirectory() as scratch:
        def of(size, **more):
            # Passwords of 8 characters: 10,000 entries stay below the 1 MiB that is read of a file.
            wanted = [{**one, "user": "u", "password": f"{number:08}"}
                      for number, one in enumerate(registries(size))]
            return write_json(f"{scratch}/{size}.json", {
                "openshift_additional_registry_credentials": wanted, "_ansible_diff": True,
                "paths": [f"{scratch}/files/config.json"], **more})

        def changed(size):
            shutil.rmtree(f"{scratch}/files", ignore_errors=True)
            return of(size)

        def unchanged(size):
            return of(size, exclusive=True)

        return (series("Entries of one file, all written, with diff", ENTRIES, changed, "oreg_node_config")
                + series("Entries of one file, unchanged", ENTRIES, unchanged, "oreg_node_config"))


def validated():
    with slow_registries(max(REGISTRIES), 0) as (hosts, certs, _):
        def of(size):
            return write_json(f"{certs}/arguments.json", {
                "openshift_additional_registry_credentials": [credential(host) for host in hosts[:size]],
                "cert_dir": certs})
        return series("Registries proven", REGISTRIES, of, "oreg_validate")


def secrets():
    namespace = "bench-growth"
    kubectl("create", "namespace", namespace)
    with tempfile.TemporaryDirectory() as scratch:
        def of(size, **more):
            return write_json(f"{scratch}/arguments.json", {
                "kubeconfig": os.environ["KUBECONFIG"], "namespaces": [namespace],
                "openshift_additional_registry_credentials": registries(size), **more})

        def empty(size):
            # Not by kubectl, which takes minutes for a thousand.
            call("oreg_pull_secrets", of(size, state="absent"))
            return of(size)

        def unchanged(size):
            return of(size, prune=True)

        return (series("Pull secrets created", SECRETS, empty, "oreg_pull_secrets")
                + series("Pull secrets unchanged", SECRETS, unchanged, "oreg_pull_secrets"))


def nodes():
    names = {"oreg": "`oreg_node_config`, unchanged", "raw": "`raw: true`"}
    seconds, memories = ({name: [] for name in names} for _ in range(2))
    for size in NODES:
        with scratch_directory() as scratch, ssh_server(scratch) as variables:
            play = Play(scratch, size, variables)
            play.run("oreg")
            for name in names:
                runs = [launched_play(play, name) for _ in range(RUNS)]
                seconds[name].append(statistics.median(run[0] for run in runs))
                memories[name].append(max(run[1] for run in runs))
    return "".join(shown(f"Nodes in a play of {title}, by ssh to one sshd on loopback, connections open (time and memory of "
                         "the largest process of Ansible)", NODES, seconds[name], memories[name])
                   for name, title in names.items())


def launched_play(play, name):
    os.environ.update(play.environment())
    seconds, memory = launch(1, *play.command(name))
    return seconds[0], memory


def series(title, sizes, arguments, name):
    """Measures `name` for every size. Before each run `arguments` is called, which says what with."""
    seconds, memories = [], []
    for size in sizes:
        launch(1, module(name), arguments(size))
        runs = [launch(1, module(name), arguments(size)) for _ in range(RUNS)]
        seconds.append(statistics.median(run[0][0] for run in runs))
        memories.append(max(run[1] for run in runs))
    return shown(title, sizes, seconds, memories)


def shown(title, sizes, seconds, memories):
    rows = [["time", *map(duration, seconds), exponent(sizes, seconds) or ""],
            ["peak memory", *(f"{memory / 1024:.1f} MiB" for memory in memories),
             exponent(sizes, memories) or ""]]
    return f"\n{title}:\n\n" + table(["", *(f"{size:,}" for size in sizes), "k"], rows)
