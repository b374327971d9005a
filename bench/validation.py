"""b. Proving credentials, against skopeo."""

import math
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from harness import COMPARED, Way, call, compare, duration, table, write_json
from slow_registries import IMAGE, connections, slow_registries

PARALLEL = 16
ROUND_TRIPS = 4


def measure():
    text = ""
    for delay_ms in (0, 50):
        for count in (1, 10, 50):
            text += side_by_side(count, delay_ms)
    return "Proving credentials", text + (
        "\nReal registries and a real token server behind haproxy, which delays every request. Both "
        f"clients send {ROUND_TRIPS} requests per registry, one after another; the floor is what these "
        f"delays alone take. `oreg_validate` asks {PARALLEL} registries at a time unless the option "
        "`parallelism` says otherwise. Each registry's host sees one TLS connection per proof, and the "
        "token server one more. Clients and servers share this machine's cores, so without delay the "
        "servers' own work bounds every client.\n")


def side_by_side(count, delay_ms):
    with slow_registries(count, delay_ms) as (hosts, certs, control):
        check_connections(arguments(hosts, certs, PARALLEL), control, count)
        ways = [oreg(hosts, certs, parallel) for parallel in widths(count)]
        if count > 1:
            ways.append(Way(f"skopeo, {PARALLEL} at a time", lambda: skopeo(hosts, certs, PARALLEL)))
        ways.append(Way("skopeo, one after another", lambda: skopeo(hosts, certs, 1)))
        rows = compare(ways)
    if delay_ms:
        rows += [floor(count, delay_ms, parallel, ways[0].median) for parallel in widths(count)]
    title = f"\n{count} {'registry' if count == 1 else 'registries'}, {delay_ms} ms:\n\n"
    return title + table(COMPARED, rows) + times_faster(ways, widths(count))


def times_faster(ways, parallels):
    one_by_one = ways[-1].median
    times = " and ".join(f"{one_by_one / way.median:.1f} times faster with {parallel} at a time"
                         for way, parallel in zip(ways, parallels))
    return f"\nThan skopeo one after another, `oreg_validate` is {times}.\n"


def widths(count):
    """How many registries at a time: as many as by default, and all of them where that is more."""
    return [PARALLEL, count] if count > PARALLEL else [PARALLEL]


def at_a_time(parallel):
    return "" if parallel == PARALLEL else f", {parallel} at a time"


def oreg(hosts, certs, parallel):
    path = arguments(hosts, certs, parallel)
    return Way("`oreg_validate`" + at_a_time(parallel), lambda: call("oreg_validate", path))


def floor(count, delay_ms, parallel, first):
    seconds = ROUND_TRIPS * delay_ms / 1000 * math.ceil(count / parallel)
    return ["floor" + at_a_time(parallel), duration(seconds), "", f"{seconds / first:.2f}"]


def arguments(hosts, certs, parallel):
    return write_json(f"{certs}/{parallel}.json", {
        "openshift_additional_registry_credentials": [credential(host) for host in hosts],
        "cert_dir": certs, "parallelism": parallel})


def credential(host):
    return {"host": host, "user": os.environ["OREG_REGISTRY_USER"],
            "password": os.environ["OREG_REGISTRY_PASSWORD"], "test_image": IMAGE}


def check_connections(path, control, count):
    before = connections(control)
    answer = call("oreg_validate", path)
    after = connections(control)
    requests = {registry["requests"] for registry in answer["registries"]}
    taken = {name: after[name] - before[name] for name in after}
    if requests != {ROUND_TRIPS} or set(taken.values()) != {count}:
        raise RuntimeError(f"unexpected: requests {requests}, connections {taken}")


def skopeo(hosts, certs, parallel):
    account = f'{os.environ["OREG_REGISTRY_USER"]}:{os.environ["OREG_REGISTRY_PASSWORD"]}'

    def inspect(host):
        command = ["skopeo", "inspect", "--no-tags", "--cert-dir", f"{certs}/{host}", "--creds", account,
                   f"docker://{host}/{IMAGE}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    with ThreadPoolExecutor(parallel) as pool:
        list(pool.map(inspect, hosts))
