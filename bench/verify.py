#!/usr/bin/env python3
"""verify.py [--steps 1000] [--rounds 5] [--cairn PROGRAM]

What it takes to verify a whole run: a run of so many steps with isolation `process`, in a project, a store and a log of its own, then in turns

  run       `cairn verify RUN`: the receipt, the pipeline, every step's attestation from the store, the artifacts in the project
  receipt   `cairn verify RECEIPT`, a copy of the receipt elsewhere, without the project and its artifacts
  bundle    `cairn bundle verify` of a bundle of the run, with the attestations in it

and `cairn version`, which is the program's start. Results: medians of seconds and processor seconds, peak memory; artifacts/bench/verify.json. Python's standard library only.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from steps import graph, write_cairn, write_sources

ROOT = pathlib.Path(__file__).resolve().parent.parent


def timed(command, folder, environment):
    before = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{output[-3000:]}")
    return {"seconds": time.monotonic() - before, "processor": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cairn", default=str(ROOT / "artifacts/launcher/current/cairn"))
    options = parser.parse_args()
    cairn = os.path.abspath(options.cairn)
    rounds = {}
    with tempfile.TemporaryDirectory(prefix="cairn-bench-") as top:
        project, elsewhere = pathlib.Path(top, "project"), pathlib.Path(top, "elsewhere")
        project.mkdir()
        elsewhere.mkdir()
        steps = graph(options.steps)
        write_sources(project, steps)
        write_cairn(project, steps)
        environment = os.environ | {f"XDG_{name}_HOME": f"{top}/{name.lower()}" for name in ("CACHE", "STATE", "CONFIG")}
        cold = timed([cairn, "run"], project, environment)
        receipt = elsewhere / "receipt.json"
        receipt.write_bytes(next(project.glob(".cairn/runs/*/receipt.json")).read_bytes())
        made = timed([cairn, "bundle", "create", str(elsewhere / "run.cab"), "--run", "last"], project, environment)
        work = {
            "version": ([cairn, "version"], elsewhere),
            "run": ([cairn, "verify", "last"], project),
            "receipt": ([cairn, "verify", "receipt.json"], elsewhere),
            "bundle": ([cairn, "bundle", "verify", "run.cab"], elsewhere),
        }
        for _ in range(options.rounds):
            for name, (command, folder) in work.items():
                rounds.setdefault(name, []).append(timed(command, folder, environment))
    median = {name: {what: statistics.median(r[what] for r in each) for what in each[0]} for name, each in rounds.items()}
    print(f"a run of {options.steps} steps, cold {cold['seconds']:.2f} s; a bundle of it {made['seconds']:.2f} s, {made['peak_mib']:.0f} MiB\n")
    print("| verified | ms | processor ms | peak MiB |\n|---|---|---|---|")
    for name, row in median.items():
        print(f"| {name} | {row['seconds'] * 1000:.0f} | {row['processor'] * 1000:.0f} | {row['peak_mib']:.0f} |")
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    machine = {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(), "date": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    target = ROOT / "artifacts/bench/verify.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"machine": machine, "steps": options.steps, "median": median, "rounds": rounds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
