#!/usr/bin/env python3
"""bundle.py [--mib 512] [--files 16] [--small 20000] [--rounds 3] [--cairn PROGRAM]
bundle.py --gib 10 [--folder DIR] [--cairn PROGRAM]

`cairn bundle create` and `extract` beside `tar` and `sha256sum` over the same tree, in turns, with warm caches: of a few large files, which are blobs of their own, and of many small
ones, which are one layer. What tar and sha256sum do, both of them, is what a bundle does: copy the bytes and hash them.

With --gib: what `create`, `verify` and `extract` of one such bundle take of time and memory, which may not grow with it. The folder needs three times so much room.

Results: a table, and artifacts/bench/bundle.json. Python's standard library only; GNU tar and coreutils.
"""

import argparse
import json
import os
import pathlib
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = 0.70


def run(command, folder):
    before = time.monotonic()
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, shell=isinstance(command, str))
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    return time.monotonic() - before


def make_tree(folder, files, size):
    generator = random.Random(7)
    for index in range(files):
        path = folder / f"d{index % 50}" / f"f{index}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(generator.randbytes(size))


def large(cairn, gib, parent):
    """One bundle that is larger than memory may be: two files, of which one has more than fits into a ustar header's size."""
    peaks = {}
    with tempfile.TemporaryDirectory(prefix="cairn-bench-", dir=parent) as folder:
        work = pathlib.Path(folder)
        (work / "tree").mkdir()
        block = random.Random(7).randbytes(1 << 20)
        for name, size in (("a", gib * 9 // 10), ("b", gib - gib * 9 // 10)):
            with open(work / "tree" / name, "wb") as file:
                for index in range(size << 10):
                    file.write(index.to_bytes(8, "big") + block[8:])
        environment = os.environ | {f"XDG_{name}_HOME": f"{folder}/{name.lower()}" for name in ("CACHE", "STATE", "CONFIG")}
        for name, command, codes in (("create", ["create", "x.cab", "-C", "tree", "."], (0,)), ("verify", ["verify", "x.cab"], (0, 3, 4)), ("extract", ["extract", "x.cab", "a"], (0,))):
            before = time.monotonic()
            process = subprocess.Popen([cairn, "bundle", *command], cwd=work, env=environment, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in codes:
                sys.exit(f"{name}: exit {process.returncode}")
            peaks[name] = {"seconds": time.monotonic() - before, "peak_mib": usage.ru_maxrss >> 10, "exit": process.returncode}
            print(f"| {gib} GiB | {name} | {peaks[name]['seconds']:.1f} s | {peaks[name]['peak_mib']} MiB |", flush=True)
        if subprocess.run(["cmp", work / "tree/a", work / "a/a"]).returncode:
            sys.exit("what was unpacked is not what was bundled")
    return peaks


def measure(cairn, work, rounds):
    rows = {"create": [], "extract": []}
    for turn in range(rounds):
        for name in ("x.cab", "x.tar"):
            (work / name).unlink(missing_ok=True)
        ours = run([cairn, "bundle", "create", "x.cab", "-C", "tree", "."], work)
        theirs = run("tar --create --file x.tar tree && find tree -type f -print0 | xargs -0 sha256sum > sums", work)
        rows["create"].append((ours, theirs))

        # What was unpacked stays until the end: ext4 is slow to create files where as many were just removed. Who is first changes.
        (work / f"b{turn}").mkdir()
        took = {}
        for who in ("ours", "theirs") if turn % 2 == 0 else ("theirs", "ours"):
            os.sync()
            if who == "ours":
                took[who] = run([cairn, "bundle", "extract", "x.cab", f"a{turn}"], work)
            else:
                took[who] = run(f"tar --extract --file x.tar --directory b{turn} && cd b{turn} && sha256sum --quiet --check ../sums", work)
        rows["extract"].append((took["ours"], took["theirs"]))
    return {name: [statistics.median(pair[i] for pair in pairs) for i in (0, 1)] for name, pairs in rows.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cairn", default=str(ROOT / "artifacts/launcher/current/cairn"))
    parser.add_argument("--gib", type=int)
    parser.add_argument("--folder")
    options = parser.parse_args()
    if options.gib:
        large(os.path.abspath(options.cairn), options.gib, options.folder)
        return 0
    results = {}
    missed = False
    print("| tree | | cairn s | tar + sha256sum s | rate | target |\n|---|---|---|---|---|---|")
    for label, files, size in (("large", options.files, (options.mib << 20) // options.files), ("small", options.small, 4096)):
        with tempfile.TemporaryDirectory(prefix="cairn-bench-") as folder:
            work = pathlib.Path(folder)
            make_tree(work / "tree", files, size)
            results[label] = measure(os.path.abspath(options.cairn), work, options.rounds)
        for name, (ours, theirs) in results[label].items():
            missed |= theirs / ours < TARGET
            print(f"| {files} files, {files * size >> 20} MiB | {name} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.2f} | ≥ {TARGET:.2f} |")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"\npeak memory of any of them: {peak} MiB")
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    target = ROOT / "artifacts/bench/bundle.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    machine = {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(), "date": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    target.write_text(json.dumps({"machine": machine, "median": results, "peak_mib": peak}, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
