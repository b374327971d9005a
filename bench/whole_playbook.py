"""g. The whole of registry_auth.yml, when nothing is to change."""

import os
import subprocess

from harness import CACHE, COMPARED, ROOT, Way, compare, table
from plays import Play, delayed, scratch_directory, ssh_server

HOSTS = 50
FAR_HOSTS = 10
ROUND_TRIP = 0.05


def measure():
    with scratch_directory() as scratch, ssh_server(scratch) as variables:
        near = side_by_side(Cluster(scratch, HOSTS, variables))
        with delayed(variables, ROUND_TRIP / 2) as far_variables:
            far = side_by_side(Cluster(scratch, FAR_HOSTS, far_variables))
    return f"Whole `registry_auth.yml` over {HOSTS} hosts", (
        f"Nothing changed, two registries proven, pull secrets compared with a cluster:\n\n{near}\n"
        f"{FAR_HOSTS} hosts, {ROUND_TRIP * 1000:.0f} ms for a round trip:\n\n{far}\n"
        "Against `ansible -m raw -a true` over the same hosts: by ssh to one sshd on loopback, connections open, `forks` 20.\n")


def side_by_side(cluster):
    cluster.registry_auth("-e", "oreg_restart_nodes=false")
    return table(COMPARED, compare([Way("`ansible -m raw -a true`", cluster.raw),
                                    Way("`registry_auth.yml`", cluster.registry_auth)]))


class Cluster(Play):
    """Hosts that are all this machine, as the nodes of the test bed's cluster. The first is the master."""

    def __init__(self, scratch, count, variables):
        super().__init__(scratch, count, variables)
        nodes = {f"node-{number:03}": {} for number in range(count)}
        directory = f"{scratch}/nodes/{{{{ inventory_hostname }}}}"
        self.write("cluster.json", {"all": {
            "children": {"masters": {"hosts": {"node-000": {}}}, "nodes": {"hosts": nodes}},
            "vars": {
                **variables, **credentials(), "oreg_program_dir": f"{scratch}/programs",
                "oreg_paths": [f"{directory}/kubelet.json", f"{directory}/runtime.json"],
                "oreg_restart_note": f"{directory}.note",
                "oreg_kubeconfig": os.environ["KUBECONFIG"], "oreg_cert_dir": os.environ["OREG_CERT_DIR"]}}})

    def registry_auth(self, *options):
        self.ansible("ansible-playbook", str(ROOT / "playbooks/registry_auth.yml"), *options)

    def raw(self):
        self.ansible("ansible", "nodes", "-m", "raw", "-a", "true")

    def ansible(self, program, *arguments):
        command = [str(CACHE / "venv-bench/bin" / program), "-i", f"{self.scratch}/cluster.json", *arguments]
        run = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(run.stdout[-2000:] + run.stderr[-2000:])


def credentials():
    variable = os.environ.__getitem__
    return {
        "openshift_deployment_type": "openshift-enterprise",
        "oreg_url": variable("OREG_TOKEN_REGISTRY") + "/openshift3/ose-${component}:${version}",
        "oreg_auth_user": variable("OREG_REGISTRY_USER"), "oreg_auth_password": variable("OREG_REGISTRY_PASSWORD"),
        "openshift_additional_registry_credentials": [{
            "host": variable("OREG_BASIC_REGISTRY"), "user": variable("OREG_BASIC_USER"),
            "password": variable("OREG_BASIC_PASSWORD"), "test_image": "mongodb/mongodb"}]}
