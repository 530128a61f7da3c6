#!/usr/bin/env python3
"""Measures the transparency log against what it has to reach: durable appends of 64 writers beside a sync for each
entry, latency at half that load, proofs from warm tiles, a full check.

  bench/log.py [--entries 10000000] [--folder DIR] [--cairn PROGRAM]

Needs `dotnet build -c Release tests/Cairn.StoreDriver` and `./cairn version` first. The folder should lie on the disk that is meant; it takes
about 1.6 KiB for each entry and is removed afterwards. Exits with 1 where a target is missed."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DRIVER = os.path.join(ROOT, "artifacts/bin/Cairn.StoreDriver/release/Cairn.StoreDriver")

# What is measured, what it has to be, and whether more is better.
TARGETS = [
    ("durable appends/s, 64 writers", lambda m: m["batched_per_s"], 10_000, True),
    ("of them for each one with a sync by itself", lambda m: m["batched_per_s"] / m["single_per_s"], 20, True),
    ("median latency at half that load, ms", lambda m: m["half_p50_ms"], 50, False),
    ("a proof from warm tiles, ms", lambda m: m["proof_ms"], 1, False),
    ("fsck from warm files, entries/s", lambda m: m["fsck_per_s"], 1_000_000, True),
]


def check(cairn, log):
    """Seconds of `cairn log fsck`, once the disk has what was written before."""
    with open(os.path.join(log, "log.json"), encoding="utf-8") as settings:
        key = json.load(settings)["keys"][0]["key"]
    os.sync()
    start = time.monotonic()
    subprocess.run([cairn, "log", "fsck", log, "--key", key], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--entries", type=int, default=10_000_000)
    options.add_argument("--folder", default=None)
    options.add_argument("--driver", default=DRIVER)
    options.add_argument("--cairn", default=os.path.join(ROOT, "artifacts/launcher/current/cairn"))
    given = options.parse_args()
    folder = tempfile.mkdtemp(prefix="cairn-log-bench-", dir=given.folder)
    try:
        run = subprocess.run([given.driver, "log-bench", folder, str(given.entries)], stdout=subprocess.PIPE, check=True, text=True)
        measured = {name: float(value) for name, value in (line.split() for line in run.stdout.splitlines())}
        first, *warm = (check(given.cairn, os.path.join(folder, "large")) for _ in range(4))
        measured["fsck_first_per_s"], measured["fsck_per_s"] = given.entries / first, given.entries / min(warm)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    missed = False
    for title, value, target, more in TARGETS:
        reached = value(measured) >= target if more else value(measured) <= target
        missed |= not reached
        print("%-45s %12.2f   target %s %s%s" % (title, value(measured), ">=" if more else "<=", format(target, ","), "" if reached else "   MISSED"))
    print("%-45s %12.0f" % ("fsck the first time, partly from the disk, entries/s", measured["fsck_first_per_s"]))
    print("%-45s %12.0f" % ("one writer, a sync for each entry, entries/s", measured["single_per_s"]))
    print("%-45s %12.0f" % ("one writer, 4,096 at once, entries/s", measured["bulk_per_s"]))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
