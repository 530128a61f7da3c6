#!/usr/bin/env python3
"""bench/peers/run.py [--sizes 100,1000,many,big,outs] [--tools cairn,ninja,…] [--scenarios …] [--runs 5]

Cairn beside other tools that run graphs of steps: the same graph for each, in one run, taking turns. What the outputs hold is checked after
each run. See bench/README.md. Python's standard library only.

  cold     nothing remembered, no outputs
  hot      nothing changed
  restore  outputs deleted, everything else remembered (tools without a cache of outputs run all steps again)
  leaf     one input changed whose step none needs: one step must run
  cone     one input changed from which 40 % (of 100: 75 %) of the steps follow
  remade   outs only: as restore, the outputs deleted in their place right before
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from graphs import SIZES, Graph
from tools import CAIRN, TOOLS

SCENARIOS = ("cold", "hot", "restore", "leaf", "cone", "remade")
FOREIGN_MAX = 0.15  # the part of a processor that others may use while one run is measured
TRIES = 3

# What docs/performance.md promises: (size, scenario) to seconds.
TARGETS = {
    ("100", "hot"): 0.045, ("1000", "hot"): 0.060, ("1000", "restore"): 0.13, ("1000", "leaf"): 0.070, ("1000", "cone"): 0.60, ("1000", "cold"): 1.2,
    ("many", "cold"): 0.13, ("many", "hot"): 0.060, ("big", "leaf"): 0.75, ("big", "hot"): 0.045,
    ("outs", "restore"): 0.13, ("outs", "hot"): 0.050, ("outs", "remade"): 0.15,
}
RSS_TARGET_MB = 90


def busy():
    """Seconds that all processors together have worked."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        work, start = busy(), time.monotonic()
        time.sleep(0.2)
        if (busy() - work) / (time.monotonic() - start) < FOREIGN_MAX:
            return


def cpu_seconds(process):
    """What a process in the background has worked, and its peak memory in MB."""
    try:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0, 0.0
    peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak / 1024


def measure(tool, log):
    server = tool.server()
    before = cpu_seconds(server)[0] if server else 0.0
    with open(log, "wb") as output:
        work, start = busy(), time.monotonic()
        process = subprocess.Popen(tool.command(), cwd=tool.root, env=tool.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        work = busy() - work
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"exit {process.returncode}; see {log}")
    own, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    if server := tool.server():
        after, server_peak = cpu_seconds(server)
        own, peak = own + max(0.0, after - before), max(peak, server_peak)
    return {"wall": wall, "cpu": own, "rss_mb": peak, "foreign": max(0.0, work - own) / wall}


def prepare(tool, scenario):
    if scenario == "cold":
        tool.forget()
        tool.clear()
    elif scenario in ("restore", "remade"):
        tool.clear(in_place=scenario == "remade")
    elif scenario in ("leaf", "cone"):
        if tool.whole_seconds:
            time.sleep(1.1)
        tool.graph.edit(tool.root, cone=scenario == "cone")


def once(tool, scenario, log):
    """Prepares and measures; again where others disturbed it."""
    for attempt in range(TRIES):
        prepare(tool, scenario)
        wait_until_idle()
        run = measure(tool, log)
        if run["foreign"] < FOREIGN_MAX or run["wall"] > 30:
            break
    fault = tool.graph.fault(tool.root, tool.base)
    if fault:
        raise RuntimeError(f"wrong outputs after {scenario}: {fault}")
    return run


def compare(size, options, base):
    """All scenarios of a size, the tools taking turns."""
    graph = Graph(size)
    tools, results, failures = {}, {}, {}
    for name in options.tools:
        root = base / f"{name}-{size}"
        tool = TOOLS[name](options, graph, root)
        if (reason := tool.missing()) or not tool.supports(size):
            failures[name] = reason or "does not support it"
            continue
        graph.write(root)
        tool.write()
        tool.commit()
        tools[name] = tool
    for scenario in options.scenarios:
        if (scenario == "cone" and not graph.layered) or (scenario == "remade" and size != "outs"):
            continue
        runs = {name: [] for name in tools}
        started = dict.fromkeys(tools, 0.0)
        for turn in range(-1, options.runs):  # the first turn warms up
            # In turn first and last: what one leaves behind in memory and on the disk is there for the next.
            for name, tool in list(tools.items())[:: 1 if turn % 2 else -1]:
                if turn >= 0 and started[name] > options.seconds and runs[name]:
                    continue
                begin = time.monotonic()
                try:
                    run = once(tool, scenario, base / f"{name}-{size}.log")
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    print(f"{name}: {error}", file=sys.stderr, flush=True)
                    failures[name] = str(error)
                    del tools[name]
                    continue
                started[name] += time.monotonic() - begin
                if turn >= 0 or started[name] > options.seconds:
                    runs[name].append(run)
        for name, measured in runs.items():
            if name in tools and measured:
                results.setdefault(name, {})[scenario] = {
                    "median_s": round(statistics.median(run["wall"] for run in measured), 4), "min_s": round(min(run["wall"] for run in measured), 4),
                    "max_s": round(max(run["wall"] for run in measured), 4), "cpu_s": round(statistics.median(run["cpu"] for run in measured), 4),
                    "peak_rss_mb": round(max(run["rss_mb"] for run in measured), 1), "foreign": round(statistics.median(run["foreign"] for run in measured), 3),
                    "runs": len(measured),
                }
        print(f"# {size} {scenario}: " + ", ".join(f"{name} {r[scenario]['median_s']:.3f}" for name, r in results.items() if scenario in r), file=sys.stderr, flush=True)
    for tool in tools.values():
        tool.stop()
    return results, failures


def table(size, results, failures):
    scenarios = [s for s in SCENARIOS if any(s in r for r in results.values())]
    lines = [f"\n### {size}\n", "| | " + " | ".join(scenarios) + " | peak MB | foreign |", "|---" * (len(scenarios) + 3) + "|"]
    for name, result in results.items():
        cells = []
        for scenario in scenarios:
            cell = result.get(scenario)
            missed = cell and name == "cairn" and cell["median_s"] > TARGETS.get((size, scenario), float("inf"))
            star = "*" if cell and scenario in ("restore", "remade") and not TOOLS[name].caches else ""
            cells.append("" if not cell else f"**{cell['median_s']:.3f}**" if missed else f"{cell['median_s']:.3f}{star}")
        peak = max(r["peak_rss_mb"] for r in result.values())
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {peak:.0f} | {max(r['foreign'] for r in result.values()):.2f} |")
    targets = [TARGETS.get((size, scenario)) for scenario in scenarios]
    if any(targets):
        lines.append("| target for cairn | " + " | ".join(f"{t:.3f}" if t else "" for t in targets) + f" | {RSS_TARGET_MB} | |")
    lines += [f"\nNot measured: {name}: {reason}" for name, reason in failures.items()]
    return "\n".join(lines)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(), "date": time.strftime("%Y-%m-%dT%H:%M:%S%z")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--tools", default="cairn,ninja,make,turbo,turbo-bare,vp,bazel,scons,tup")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60, help="a tool that has taken this long in a scenario is not run again")
    parser.add_argument("--peers", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "peers", help="where install.sh put the tools of npm")
    parser.add_argument("--folder", help="where to work; a temporary folder otherwise")
    parser.add_argument("--cairn", type=os.path.abspath, default=str(CAIRN))
    parser.add_argument("--before", type=os.path.abspath, help="another cairn, for the tool cairn-before: that of an earlier commit")
    parser.add_argument("--keep", action="store_true", help="leave the workspaces")
    options = parser.parse_args()
    for name, known in (("sizes", SIZES), ("tools", TOOLS), ("scenarios", SCENARIOS)):
        chosen = getattr(options, name).split(",")
        if unknown := [value for value in chosen if value not in known]:
            parser.error(f"--{name}: {unknown[0]} is none of {', '.join(known)}")
        setattr(options, name, chosen)

    base = pathlib.Path(tempfile.mkdtemp(prefix="cairn-peers-", dir=options.folder)).resolve()
    sizes = {}
    try:
        for size in options.sizes:
            results, failures = compare(size, options, base)
            sizes[size] = {"results": results, "failures": failures}
            print(table(size, results, failures), flush=True)
    finally:
        if not options.keep:
            subprocess.run(["chmod", "-R", "u+w", str(base)], check=False)
            shutil.rmtree(base)
    file = CAIRN.parents[3] / "artifacts/bench/peers.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": machine(), "runs": options.runs, "sizes": sizes}, indent=2) + "\n")
    print(f"\nMedians in seconds; bold misses its target; * runs the steps again. Details: {file.relative_to(file.parents[2])}")


if __name__ == "__main__":
    main()
