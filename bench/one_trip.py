"""f. One task by ssh: the courier against what else gets a module to a host."""

import pathlib

from harness import CACHE, COMPARED, Way, compare, table
from plays import REGISTRIES, Play, delayed, scratch_directory, ssh_server

HOSTS = 50
FAR_HOSTS = 10
ROUND_TRIP = 0.05


def measure():
    with scratch_directory() as scratch, ssh_server(scratch) as variables:
        near = unchanged(Play(scratch, HOSTS, variables))
        first = first_contact(Play(scratch, HOSTS, variables))
        with delayed(variables, ROUND_TRIP / 2) as far_variables:
            play = Play(scratch, FAR_HOSTS, far_variables)
            play.run("oreg")
            far = table(COMPARED, compare([raw(play), *ways(play)]))
    return f"One task by ssh over {HOSTS} hosts × {REGISTRIES} registries", (
        f"Nothing changed, connections open:\n\n{near}\n"
        f"The first contact, where the courier sends the program:\n\n{first}\n"
        f"{FAR_HOSTS} hosts, {ROUND_TRIP * 1000:.0f} ms for a round trip, nothing changed:\n\n{far}\n"
        "Time of `ansible-playbook` with one play of one task, `forks` 20, to one sshd on loopback. `raw: true` is the least that "
        "Ansible can do on a host. The peer is `bench/peer/one_registry.py`, with pipelining; Mitogen is 0.3.54.\n")


def raw(play):
    return Way("`raw: true`", lambda: play.run("raw"))


def ways(play):
    return [Way("`oreg_node_config` by the courier", lambda: play.run("oreg")),
            Way("`oreg_node_config` by Ansible's own way", lambda: play.run("own-way"))]


def unchanged(play):
    play.run("oreg")
    mitogen = {"ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": mitogen_plugins()}
    others = [Way("Python module", lambda: play.run("python")),
              Way("Python module by Mitogen", lambda: play.run("python", **mitogen))]
    return table(COMPARED, compare([raw(play), *ways(play), *others]))


def first_contact(play):
    courier, own_way = ways(play)
    courier.prepare = play.forget_programs
    return table(COMPARED, compare([own_way, courier]))


def mitogen_plugins():
    found, = pathlib.Path(CACHE, "venv-bench").glob("lib/python3*/site-packages/ansible_mitogen/plugins/strategy")
    return str(found)
