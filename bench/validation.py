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
        f"delays alone take, {PARALLEL} registries at a time. Each registry's host sees one TLS "
        "connection per proof, and the token server one more.\n")


def side_by_side(count, delay_ms):
    with slow_registries(count, delay_ms) as (hosts, certs, control):
        arguments = write_json(f"{certs}/arguments.json", {
            "openshift_additional_registry_credentials": [credential(host) for host in hosts],
            "cert_dir": certs, "parallelism": PARALLEL})
        check_connections(arguments, control, count)
        ways = [Way("`oreg_validate`", lambda: call("oreg_validate", arguments))]
        if count > 1:
            ways.append(Way(f"skopeo, {PARALLEL} at a time", lambda: skopeo(hosts, certs, PARALLEL)))
        ways.append(Way("skopeo, one after another", lambda: skopeo(hosts, certs, 1)))
        rows = compare(ways)
    if delay_ms:
        floor = ROUND_TRIPS * delay_ms / 1000 * math.ceil(count / PARALLEL)
        rows.append(["floor", duration(floor), "", f"{floor / ways[0].median:.2f}"])
    title = f"\n{count} {'registry' if count == 1 else 'registries'}, {delay_ms} ms:\n\n"
    return title + table(COMPARED, rows)


def credential(host):
    return {"host": host, "user": os.environ["OREG_REGISTRY_USER"],
            "password": os.environ["OREG_REGISTRY_PASSWORD"], "test_image": IMAGE}


def check_connections(arguments, control, count):
    before = connections(control)
    answer = call("oreg_validate", arguments)
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
