"""h. The command: a whole file proven, against loops of skopeo; and what it costs to look at one."""

import base64
import json
import math
import os
import resource
import statistics
import subprocess
import tempfile

from harness import COMPARED, ROOT, RUNS, Way, compare, duration, table, write_json
from slow_registries import IMAGE, slow_registries

OREG = str(ROOT / "bin" / "oreg")
SHOWN = 1000
# skopeo is asked about so many registries at most; what it takes for more is multiplied.
ASKED = 10


def measure():
    text = ""
    for delay_ms in (0, 50):
        for count in (1, 10, 100):
            text += side_by_side(count, delay_ms)
    return "The command", text + (
        "\nA file of credentials for real registries, whose requests haproxy delays, with a test image for each: `oreg check` with "
        "as many registries at a time as there are, and for each registry `skopeo login --get-login` and `skopeo inspect`, one "
        "after another. The floor is what the delays of its requests alone take: the last of them asks without the credential, "
        "to see that it was examined, which skopeo does not do. Over more than "
        f"{ASKED} registries, skopeo's time is that for {ASKED}, multiplied.\n\n" + costs())


def side_by_side(count, delay_ms):
    with slow_registries(count, delay_ms) as (hosts, certs, _):
        file = write_json(f"{certs}/auth.json", {"auths": {host: {"auth": login()} for host in hosts}})
        some = hosts[:ASKED]
        ways = [Way("`oreg check`", lambda: check(file, certs, hosts)),
                Way("loop of skopeo", lambda: skopeo(file, certs, some), times=math.ceil(count / len(some)))]
        rows = compare(ways)
        requests = requests_for_each(file, certs, hosts)
    if delay_ms:
        seconds = requests * delay_ms / 1000
        rows.append(["floor", duration(seconds), "", f"{seconds / ways[0].median:.2f}"])
    title = f"\n{count} {'entry' if count == 1 else 'entries'}, {delay_ms} ms, {requests} requests for each:\n\n"
    return title + table(COMPARED, rows)


def login():
    pair = f'{os.environ["OREG_REGISTRY_USER"]}:{os.environ["OREG_REGISTRY_PASSWORD"]}'
    return base64.b64encode(pair.encode()).decode()


def check(file, certs, hosts):
    images = [f"--image={host}={IMAGE}" for host in hosts]
    command = [OREG, "check", file, "--cert-dir", certs, "--parallelism", str(len(hosts)), "-o", "json", *images]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def requests_for_each(file, certs, hosts):
    return json.loads(check(file, certs, hosts))["counts"]["requests"] // len(hosts)


def skopeo(file, certs, hosts):
    for host in hosts:
        run = ["skopeo", "login", "--authfile", file, "--get-login", host]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        run = ["skopeo", "inspect", "--no-tags", "--authfile", file, "--cert-dir", f"{certs}/{host}", f"docker://{host}/{IMAGE}"]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)


def costs():
    with tempfile.TemporaryDirectory() as scratch:
        entry = {"auth": base64.b64encode(b"user:password").decode()}
        file = write_json(f"{scratch}/auth.json", {"auths": {f"r{n}.example.com:5000/team": entry for n in range(SHOWN)}})
        rows = [[f"`oreg show` of {SHOWN} entries", duration(cpu_of("show", file))],
                ["`oreg --version`", duration(cpu_of("--version"))]]
    return table(["", "CPU time"], rows)


def cpu_of(*arguments):
    """The median of the processor time of a call."""
    return statistics.median(one_call(arguments) for _ in range(4 * RUNS))


def one_call(arguments):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([OREG, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
