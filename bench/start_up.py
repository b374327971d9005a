"""d. What starting a module costs, against C programs that do nothing."""

import os
import re
import statistics
import subprocess
import tempfile

from harness import COMPARED, RUNS, compiled, duration, launch, module, registries, table, write_json

LOOP = 100
NOTHING = "int main(void) { return 0; }"


def measure():
    with tempfile.TemporaryDirectory() as scratch:
        arguments = write_json(f"{scratch}/arguments.json", {
            "openshift_additional_registry_credentials": registries(10),
            "paths": [f"{scratch}/config.json"],
        })
        programs = {
            "C program that does nothing, dynamic": [compiled("nothing", source=NOTHING)],
            "C program that does nothing, static": [compiled("nothing-static", "-static", source=NOTHING)],
            "`oreg_node_config`, 10 entries, unchanged": [module("oreg_node_config"), arguments],
        }
        launch(1, *programs["`oreg_node_config`, 10 entries, unchanged"])
        rows = compare_programs(programs)
    return "Start-up", table([*COMPARED, "instructions"], rows) + (
        f"\nA run is the median of {LOOP} starts by `posix_spawn`. Instructions are those that "
        "callgrind counts in user space.\n")


def compare_programs(programs):
    medians = {name: [] for name in programs}
    for _ in range(RUNS):
        for name, command in programs.items():
            medians[name].append(statistics.median(launch(LOOP, *command)[0]))
    first = statistics.median(next(iter(medians.values())))
    rows = []
    for name, seconds in medians.items():
        median = statistics.median(seconds)
        spread = f"{duration(min(seconds))} to {duration(max(seconds))}"
        count = f"{instructions(programs[name]):,}"
        rows.append([name, duration(median), spread, f"{median / first:.1f}", count])
    return rows


def instructions(command):
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    run = subprocess.run([*tool, *command], capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])
