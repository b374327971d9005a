"""a. A whole task over many hosts, against a Python module that is called once per registry."""

from harness import COMPARED, Way, compare, table
from plays import REGISTRIES, Play, scratch_directory, ssh_server

HOSTS = 50


def measure():
    with scratch_directory() as scratch:
        local = side_by_side(Play(scratch, HOSTS))
    with scratch_directory() as scratch, ssh_server(scratch) as variables:
        ssh = side_by_side(Play(scratch, HOSTS, variables))
    return f"A task over {HOSTS} hosts × {REGISTRIES} registries", (
        f"Local connection:\n\n{local}\nssh to one sshd on loopback, connections open:\n\n{ssh}\n"
        "Time of `ansible-playbook` with one play of one task, `forks` 20. The peer is "
        "`bench/peer/one_registry.py`, with pipelining.\n")


def side_by_side(play):
    """The connections are opened by a first run, and the files of an unchanged run made by it."""
    play.run("oreg")
    ways = [
        Way("`oreg_node_config`, changed", lambda: play.run("oreg"), play.forget),
        Way("`oreg_node_config`, unchanged", lambda: play.run("oreg")),
        Way("Python module, changed", lambda: play.run("python"), play.forget),
        Way("Python module, unchanged", lambda: play.run("python")),
        Way("play without a task", lambda: play.run("nothing")),
    ]
    rows = compare(ways)
    nothing = ways[-1].median
    ratios = [(python.median - nothing) / (oreg.median - nothing)
              for oreg, python in ((ways[0], ways[2]), (ways[1], ways[3]))]
    return table(COMPARED, rows) + (
        f"\nThe task alone, without what the empty play takes: {ratios[0]:.1f} times faster changed, "
        f"{ratios[1]:.1f} unchanged.\n")
