"""Measuring side by side, and what becomes of the figures."""

import json
import math
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ROOT / "target" / "bench"
CACHE = pathlib.Path(os.environ.get("OREG_CACHE") or pathlib.Path.home() / ".cache/oreg")
RUNS = int(os.environ.get("BENCH_RUNS", "5"))


class Way:
    """One way to do a thing: `run` is timed, `prepare` is not. `times` scales what stands for more."""

    def __init__(self, name, run, prepare=lambda: None, times=1):
        self.name, self.run, self.prepare, self.times = name, run, prepare, times
        self.seconds = []

    def once(self):
        self.prepare()
        begin = time.perf_counter()
        self.run()
        self.seconds.append((time.perf_counter() - begin) * self.times)

    @property
    def median(self):
        return statistics.median(self.seconds)


def compare(ways, runs=RUNS):
    """Runs all ways in turn, round by round, so that each has its share of what else the machine does.
    Returns lines of a table; ratios are against the first way."""
    for _ in range(runs):
        for way in ways:
            way.once()
    rows = []
    for way in ways:
        ratio = f"{way.median / ways[0].median:.1f}"
        spread = f"{duration(min(way.seconds))} to {duration(max(way.seconds))}"
        rows.append([way.name, duration(way.median), spread, ratio])
    return rows


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


COMPARED = ["", "median", "range", "ratio"]


def duration(seconds):
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.1:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds:.2f} s"


def compiled(name, *flags, source=None):
    """Compiles a C program once per run and returns its path."""
    BUILT.mkdir(parents=True, exist_ok=True)
    target = BUILT / name
    text = source if source is not None else (ROOT / "bench" / f"{name}.c").read_text()
    command = ["cc", "-O2", "-x", "c", "-", "-o", str(target), *flags]
    subprocess.run(command, input=text, text=True, check=True)
    return str(target)


def launch(count, *command):
    """Runs a program `count` times. Returns the seconds of each run and the highest peak memory in
    KiB."""
    launcher = compiled("launch", "-static")
    output = subprocess.run([launcher, str(count), *command], check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    runs = [[int(word) for word in line.split()] for line in output.splitlines()]
    if any(status for _, _, status in runs):
        raise RuntimeError(f"{command[0]} failed: run it with {command[1:]} to see why")
    return [nanoseconds / 1e9 for nanoseconds, _, _ in runs], max(memory for _, memory, _ in runs)


def module(name):
    return str(ROOT / "library" / name)


def call(name, arguments):
    """Runs a module as Ansible does, with a file of arguments. Returns its answer."""
    run = subprocess.run([module(name), arguments], stdout=subprocess.PIPE, text=True, check=False)
    answer = json.loads(run.stdout)
    if run.returncode:
        raise RuntimeError(f"{name}: {answer['msg']}")
    return answer


def write_json(path, value):
    pathlib.Path(path).write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def registries(count, password="a-password-of-usual-length"):
    return [{"host": f"registry{i:05}.example.com", "user": "puller", "password": f"{password}-{i:05}"}
            for i in range(count)]


def exponent(sizes, values):
    """Returns k of the growth value = start + c·more^k, where start is the value of the smallest size
    and more is how much larger a size is. Sizes where the start still outweighs the rest are left out."""
    start = values[0]
    points = [(math.log(size - sizes[0]), math.log(value - start))
              for size, value in zip(sizes, values) if value > 1.5 * start]
    if len(points) < 2:
        return None
    slope = statistics.linear_regression(*zip(*points)).slope
    return round(slope, 2)
