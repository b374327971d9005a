"""Runs the playbooks in slices on a mesh, kills members in between, and compares with one machine.

Every step says what holds and with which figures; the first that does not hold ends the trial."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from mesh import BIN, CONTROLLER, Mesh, wait_for  # noqa: E402
from site_under_test import Site, additional, creations, places_of_passwords, refusals, secrets  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKERS = ["execution-1", "execution-2", "execution-3"]
JOB_BOUND = 600


class Trial:
    def __init__(self, directory):
        self.directory = directory
        self.site = Site(directory / "payloads", install_collection(directory))
        self.environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(directory / "home"), "LC_ALL": "C.UTF-8",
                            "ANSIBLE_COLLECTIONS_PATH": str(self.site.collections)}
        (directory / "home").mkdir()
        self.jobs = 0
        self.expected = None

    def run(self):
        self.on_one_machine()
        with Mesh(self.directory, WORKERS, self.environment) as mesh:
            self.in_slices(mesh)
            self.nothing_changes_again(mesh)
            self.verified_in_slices(mesh)
            self.a_refused_password(mesh)
            self.a_killed_execution_node(mesh)
            self.a_killed_controller(mesh)
            self.passwords_left(mesh)

    def on_one_machine(self):
        job = self.site.job("one-machine", self.site.nodes, "registry_auth")
        begin = time.monotonic()
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), "-i", str(job / "inventory"), "-e", f"@{job}/env/extravars", "play.yml"],
            cwd=job / "project", env=self.environment, capture_output=True, text=True, check=False)
        require(done.returncode == 0, f"the playbook runs on one machine:\n{done.stdout[-3000:]}{done.stderr}")
        self.expected = self.site.written(), secrets()
        require(len(self.expected[0]) == 2 * len(self.site.nodes) and self.expected[1], "the reference is complete")
        say(f"one machine: {len(self.site.nodes)} nodes, {len(self.expected[1])} secrets, {since(begin)}")

    def in_slices(self, mesh):
        self.site.clear()
        before, begin = creations(), time.monotonic()
        runs = self.start(mesh, "registry_auth")
        first = []
        wait_for(lambda: first or any(run.events() for run in runs) and (first.append(time.monotonic()) or True),
                 "an event comes back", JOB_BOUND)
        require(any(run.is_running() for run in runs), "events come back while the slices run")
        self.end_well(runs)
        self.same_as_one_machine()
        created = creations() - before
        require(created == len(self.expected[1]), f"each secret is created once: {created}")
        say(f"{len(runs)} slices: the same files and secrets as one machine, {since(begin)}; the first event after "
            f"{first[0] - begin:.1f} s; {created} secrets created, each once; {total_events(runs)} events")

    def nothing_changes_again(self, mesh):
        begin, runs = time.monotonic(), self.start(mesh, "registry_auth")
        self.end_well(runs)
        changed = [host for run in runs for host, count in run.statistics()["changed"].items() if count]
        require(not changed, f"a second run changes nothing: {changed}")
        say(f"again in slices: nothing changed on {len(self.site.nodes)} nodes, {since(begin)}")

    def verified_in_slices(self, mesh):
        begin, runs = time.monotonic(), self.start(mesh, "verify")
        self.end_well(runs)
        say(f"verify.yml in slices: nothing found, {since(begin)}")

    def a_refused_password(self, mesh):
        before, written = refusals(), self.site.written()
        wrong = {"openshift_additional_registry_credentials": [additional("not-the-password")]}
        runs = self.start(mesh, "registry_auth", **wrong)
        require(all(run.wait() == "failed" for run in runs), "a refused password ends every slice")
        for run in runs:
            mesh.release(run.unit)
        refused = (refusals() - before) / 2
        require(0 < refused <= len(runs), f"one failed login for each slice at most: {refused}")
        require(self.site.written() == written, "nothing is written with a refused password")
        say(f"a wrong password: {refused:.0f} failed logins for {len(self.site.nodes)} nodes in {len(runs)} slices")

    def a_killed_execution_node(self, mesh):
        self.site.clear()
        runs = self.start(mesh, "registry_auth")
        lost = runs[1]
        written = self.wait_until_some_are_written(lost)
        mesh.kill(lost.worker)
        self.end_well([run for run in runs if run is not lost])
        lost.give_up()
        left = len(lost.nodes) - len(self.nodes_written(lost.nodes))
        self.end_well([self.submit(mesh, runs[2].worker, lost.nodes, "registry_auth")])
        self.same_as_one_machine()
        mesh.start(lost.worker)
        wait_for(lambda: lost.worker in mesh.known(), "the execution node is back")
        mesh.release(lost.unit, force=True)
        say(f"execution node killed with {written} of {len(lost.nodes)} nodes written ({left} left behind): its slice, "
            "submitted again, ends in the same state")

    def a_killed_controller(self, mesh):
        self.site.clear()
        runs = self.start(mesh, "registry_auth")
        written = self.wait_until_some_are_written(runs[0])
        mesh.kill(CONTROLLER)
        for run in runs:
            run.give_up()
        mesh.start(CONTROLLER)
        wait_for(lambda: mesh.known() >= set(WORKERS), "the members find the controller again")
        again = [run.read_again() for run in runs]
        self.end_well(again)
        self.same_as_one_machine()
        say(f"controller killed with {written} nodes of a slice written: its work went on, and its events were read "
            f"afterwards, {total_events(again)} of them")

    def passwords_left(self, mesh):
        homes = [self.directory / name / part for name in mesh.members for part in ("data", "tmp")]
        left = [f"{home.parent.name}/{home.name}/{place}" for home in homes for place in places_of_passwords(home)]
        kinds = sorted({place.split("/")[1] + "/…/" + place.split("/")[-1] for place in left})
        say("passwords after the runs, before any is cleared: "
            + (f"{len(left)} files ({', '.join(kinds)})" if left else "none"))
        artifacts = [place for place in places_of_passwords(self.directory / "results")]
        require(not artifacts, f"no password among events and results: {artifacts}")
        self.clear(mesh)
        left = [f"{home}/{place}" for home in homes for place in places_of_passwords(home)]
        require(not left, f"no password after docs/scale.md was followed: {left}")
        say("passwords after what docs/scale.md says was done: none")

    def clear(self, mesh):
        """What docs/scale.md says."""
        for name in list(mesh.members):
            released = mesh.control("work", "release", "--all", "--force", at=name)
            require(released.returncode == 0, f"units are released: {released.stdout}{released.stderr}")
            for leftover in (self.directory / name / "tmp").iterdir():
                subprocess.run(["rm", "-rf", str(leftover)], check=True)

    # --- Slices ------------------------------------------------------------------------------------

    def start(self, mesh, playbook, **variables):
        slices = self.site.slices(len(WORKERS))
        return [self.submit(mesh, worker, nodes, playbook, **variables) for worker, nodes in zip(WORKERS, slices)]

    def submit(self, mesh, worker, nodes, playbook, **variables):
        self.jobs += 1
        name = f"job-{self.jobs}"
        job = self.site.job(name, nodes, playbook, **variables)
        payload = self.directory / "payloads" / f"{name}.payload"
        with open(payload, "wb") as stream:
            subprocess.run([str(BIN / "ansible-runner"), "transmit", str(job), "-p", "play.yml"], stdout=stream,
                           env=self.environment, check=True)
        unit = mesh.submit(worker, payload)
        # A controller keeps neither once the work is handed over.
        payload.unlink()
        subprocess.run(["rm", "-rf", str(job)], check=True)
        return Run(mesh, worker, nodes, unit, self.directory / "results" / name)

    def end_well(self, runs):
        for run in runs:
            status = run.wait()
            require(status == "successful", f"{run.unit} on {run.worker} ended {status}:\n{run.output()[-3000:]}")
            run.mesh.release(run.unit)

    def same_as_one_machine(self):
        files, expected = self.site.written(), self.expected[0]
        differing = [path for path in expected if files.get(path) != expected[path]]
        require(not differing and len(files) == len(expected), f"files as by one machine: {differing[:3]}")
        require(secrets() == self.expected[1], "secrets as by one machine")

    def nodes_written(self, nodes):
        return {path for path in self.site.written() if any(f"/{name}/root/" in path for name in nodes)}

    def wait_until_some_are_written(self, run):
        some = []
        wait_for(lambda: some or some.extend(self.nodes_written(run.nodes)) or some, "a node is written", JOB_BOUND)
        require(run.is_running(), "the slice is still under way")
        return len(some)


class Run:
    """A slice under way."""

    def __init__(self, mesh, worker, nodes, unit, into):
        self.mesh, self.worker, self.nodes, self.unit, self.into = mesh, worker, nodes, unit, into
        into.mkdir(parents=True)
        self.stream, self.reader = mesh.results(unit, into)

    def read_again(self):
        return Run(self.mesh, self.worker, self.nodes, self.unit, self.into.with_name(self.into.name + "-again"))

    def is_running(self):
        return self.reader.poll() is None

    def wait(self):
        self.reader.wait(JOB_BOUND)
        self.stream.wait(JOB_BOUND)
        return self.artifact("status").strip()

    def give_up(self):
        for process in (self.stream, self.reader):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def artifact(self, name):
        found = list(self.into.glob(f"artifacts/*/{name}")) + list(self.into.glob(f"artifacts/{name}"))
        return found[0].read_text(encoding="utf-8") if found else ""

    def output(self):
        return self.artifact("stdout")

    def events(self):
        return list(self.into.glob("artifacts/**/job_events/*.json"))

    def statistics(self):
        for path in self.events():
            event = json.loads(path.read_text(encoding="utf-8"))
            if event["event"] == "playbook_on_stats":
                return event["event_data"]
        raise RuntimeError(f"{self.unit} has no statistics")


def total_events(runs):
    return sum(len(run.events()) for run in runs)


def install_collection(directory):
    tarball = max((ROOT / "dist").glob("oreg-openshift-*.tar.gz"), key=os.path.getmtime)
    target = directory / "collections"
    subprocess.run([str(BIN / "ansible-galaxy"), "collection", "install", "--offline", str(tarball), "-p", str(target)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return target


def require(holds, what):
    if not holds:
        sys.exit(f"mesh: does not hold: {what}")


def say(what):
    print(f"mesh: {what}", flush=True)


def since(begin):
    return f"{time.monotonic() - begin:.1f} s"


def main():
    with tempfile.TemporaryDirectory(prefix="oreg-mesh-") as directory:
        Trial(pathlib.Path(directory)).run()
    say("all of it holds")


main()
