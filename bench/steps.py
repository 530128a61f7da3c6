#!/usr/bin/env python3
"""steps.py [--steps 100,1000] [--runs 5] [--tools cairn,make,ninja] [--jobs 2] [--folder DIR]

The same graph of trivial steps for each tool: layers of steps that read two files of their own and the outputs of three
steps of the layer before, and write one. The tools take turns, each run starts without outputs on an idle machine, and what
they wrote is compared. Results: a table, and artifacts/bench/steps.json. Python's standard library only.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OVERLOADED = 0.15  # the part of a processor that others may use while one run is measured
TARGETS = {"ninja": 1.6, "make": 1.3}
RSS_TARGET_MB = 90


class Step:
    def __init__(self, name, needs):
        self.name, self.needs = name, needs
        self.folder = f"p/{name}"
        self.sources = ["a.txt", "b.txt"]
        self.reads = [f"../{need}/o.txt" for need in needs]
        self.script = f"cksum {' '.join(self.sources + self.reads)} > o.txt"

    def paths(self, names):
        return [os.path.normpath(f"{self.folder}/{name}") for name in names]


def graph(count):
    layers = 10 if count <= 100 else 20
    width = max(3, count // layers)
    steps = []
    for index in range(count):
        layer, place = divmod(index, width)
        before = (layer - 1) * width
        needs = sorted({f"s{before + (place + offset) % width:05d}" for offset in range(3)}) if layer else []
        steps.append(Step(f"s{index:05d}", needs))
    return steps


def write_sources(folder, steps):
    letters = random.Random(1)
    for step in steps:
        (folder / step.folder).mkdir(parents=True)
        for name in step.sources:
            (folder / step.folder / name).write_text("".join(letters.choices("abcdefgh \n", k=1000)))


def write_cairn(folder, steps):
    document = {"version": 1, "name": "bench", "steps": {
        step.name: {
            "run": step.script,
            "working_directory": step.folder,
            "needs": step.needs,
            "inputs": step.paths(step.sources),
            "outputs": step.paths(["o.txt"]),
        } for step in steps}}
    lines = ["version: 1", "name: bench", "defaults: { isolation: process }", "steps:"]
    for name, step in document["steps"].items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {json.dumps(value)}" for key, value in step.items()]
    (folder / "cairn.yaml").write_text("\n".join(lines) + "\n")


def write_make(folder, steps):
    lines = ["all: " + " ".join(path for step in steps for path in step.paths(["o.txt"]))]
    for step in steps:
        lines.append(f"{step.folder}/o.txt: {' '.join(step.paths(step.sources + step.reads))}")
        lines.append(f"\t@cd {step.folder} && {step.script}")
    (folder / "Makefile").write_text("\n".join(lines) + "\n")


def write_ninja(folder, steps):
    lines = ["rule run", "  command = $script"]
    for step in steps:
        lines.append(f"build {step.folder}/o.txt: run {' '.join(step.paths(step.sources + step.reads))}")
        lines.append(f"  script = cd {step.folder} && {step.script}")
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")


TOOLS = {
    "cairn": (write_cairn, lambda o: [o.cairn, "run", "--max-parallel", str(o.jobs)], [".cairn"]),
    "make": (write_make, lambda o: ["make", f"-j{o.jobs}"], []),
    "ninja": (write_ninja, lambda o: ["ninja", f"-j{o.jobs}"], [".ninja_log", ".ninja_deps"]),
}


def busy():
    """Seconds that all processors together have worked."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work, start = busy(), time.monotonic()
        time.sleep(0.2)
        if (busy() - work) / (time.monotonic() - start) < OVERLOADED:
            return


def measure(command, folder):
    with open(folder / "bench.log", "wb") as log:
        work, start = busy(), time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"steps.py: {' '.join(command)} ended with {process.returncode}; see {folder}/bench.log")
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": wall, "cpu": cpu, "rss_mb": usage.ru_maxrss / 1024, "foreign": max(0.0, busy() - work - cpu) / wall}


def clean(folder, steps, state):
    for step in steps:
        (folder / step.folder / "o.txt").unlink(missing_ok=True)
    for name in state:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def outputs(folder, steps):
    digest = hashlib.sha256()
    for step in steps:
        digest.update((folder / step.folder / "o.txt").read_bytes())
    return digest.hexdigest()


def compare(count, options, base):
    steps = graph(count)
    folders = {}
    for tool in options.tools:
        folders[tool] = base / f"{tool}-{count}"
        write_sources(folders[tool], steps)
        TOOLS[tool][0](folders[tool], steps)

    runs = {tool: [] for tool in options.tools}
    seen = set()
    for turn in range(options.runs + 1):
        for tool in options.tools:
            folder = folders[tool]
            for attempt in range(3):
                clean(folder, steps, TOOLS[tool][2])
                wait_until_idle()
                run = measure(TOOLS[tool][1](options), folder)
                if run["foreign"] < OVERLOADED:
                    break
            seen.add(outputs(folder, steps))
            if turn > 0:  # the first warms the page cache up
                runs[tool].append(run)
    if len(seen) != 1:
        sys.exit(f"steps.py: the tools wrote different outputs; see {base}")

    result = {}
    for tool in options.tools:
        walls = [run["wall"] for run in runs[tool]]
        result[tool] = {
            "median_s": round(statistics.median(walls), 4), "min_s": round(min(walls), 4), "max_s": round(max(walls), 4),
            "cpu_s": round(statistics.median(run["cpu"] for run in runs[tool]), 4),
            "peak_rss_mb": round(max(run["rss_mb"] for run in runs[tool]), 1),
            "foreign": round(statistics.median(run["foreign"] for run in runs[tool]), 3),
        }
    print(f"\n{count} steps, {options.jobs} at once, {options.runs} runs each")
    print(f"{'':8}{'median s':>10}{'min':>9}{'max':>9}{'cpu s':>9}{'peak MB':>9}{'foreign':>9}")
    for tool, r in result.items():
        print(f"{tool:8}{r['median_s']:10.3f}{r['min_s']:9.3f}{r['max_s']:9.3f}{r['cpu_s']:9.3f}{r['peak_rss_mb']:9.1f}{r['foreign']:9.3f}")
    if "cairn" in result:
        for tool, target in TARGETS.items():
            if tool in result:
                print(f"cairn / {tool}: {result['cairn']['median_s'] / result[tool]['median_s']:.2f} (target for 1,000 steps <= {target})")
        print(f"cairn's peak memory: {result['cairn']['peak_rss_mb']:.0f} MB (target <= {RSS_TARGET_MB})")
    return result


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(), "date": time.strftime("%Y-%m-%dT%H:%M:%S%z")}


def main():
    parser = argparse.ArgumentParser(description="Trivial steps: cairn beside make and ninja")
    parser.add_argument("--steps", default="100,1000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", help="where to work; a temporary folder otherwise")
    parser.add_argument("--cairn", default=str(ROOT / "artifacts/launcher/current/cairn"))
    options = parser.parse_args()
    options.tools = options.tools.split(",")
    for tool in options.tools:
        if tool not in TOOLS or not shutil.which(options.cairn if tool == "cairn" else tool):
            sys.exit(f"steps.py: no {tool} here" + (": run ./cairn version first" if tool == "cairn" else ""))

    with tempfile.TemporaryDirectory(prefix="cairn-bench-", dir=options.folder) as base:
        sizes = {int(count): compare(int(count), options, pathlib.Path(base)) for count in options.steps.split(",")}
    results = ROOT / "artifacts/bench"
    results.mkdir(parents=True, exist_ok=True)
    (results / "steps.json").write_text(json.dumps({"machine": machine(), "jobs": options.jobs, "runs": options.runs, "steps": sizes}, indent=2) + "\n")
    print(f"\n{results / 'steps.json'}")


if __name__ == "__main__":
    main()
