#!/usr/bin/env python3
"""trust.py [--rounds 3] [--seconds 2]

Signatures of Ed25519, and checks of those on P-256, a second on one processor, cairn beside `openssl speed`, in turns: cairn's over 2 KiB through the type that everything signs with, openssl's
over the few bytes that it takes. And what a result costs with all around its signature:

  attest       statement, canonical JSON, envelope and entry of the action cache from a result
  verify-hit   the entry taken apart again, in the order that makes it a hit, without the memo

And Sigstore bundles of version 0.3: read, with the statement in them, the signature checked, and the entry of the log with its promise, its way to the root and the checkpoint, which are two more
signatures, on P-256 (recipe R1 of docs/formats/sigstore.md). What these three take in openssl alone is what no verifier can do without:

  sigstore-ed25519   the envelope is signed with Ed25519
  sigstore-p256      the envelope is signed on P-256

Results: a table, and artifacts/bench/trust.json. Python's standard library only; openssl and the .NET SDK.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = 0.60  # of openssl's rate
BUNDLES_TARGET = 4_000  # a second


def output(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout


def speed(algorithm, seconds):
    numbers = re.findall(r"[\d.]+$|[\d.]+(?=\s+[\d.]+$)", output(["openssl", "speed", "-seconds", str(seconds), algorithm]).strip().splitlines()[-1])
    return float(numbers[0]), float(numbers[1])


def openssl(seconds):
    ed25519, p256 = speed("ed25519", seconds), speed("ecdsap256", seconds)
    return {
        "sign": ed25519[0],
        "verify": ed25519[1],
        "p256-verify": p256[1],
        "sigstore-ed25519": 1 / (1 / ed25519[1] + 2 / p256[1]),
        "sigstore-p256": p256[1] / 3,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    output(["dotnet", "build", "-c", "Release", "bench/Cairn.Bench", "-v", "q"])
    program = ROOT / "artifacts/bin/Cairn.Bench/release/Cairn.Bench"
    rounds = [{"cairn": json.loads(output([str(program), str(options.seconds)])), "openssl": openssl(options.seconds)} for _ in range(options.rounds)]
    median = {tool: {name: statistics.median(r[tool][name] for r in rounds) for name in rounds[0][tool]} for tool in ("cairn", "openssl")}
    print("| | cairn/s | openssl/s | cairn / openssl | target |\n|---|---|---|---|---|")
    missed = False
    for name, rate in sorted(median["cairn"].items()):
        peer = median["openssl"].get(name)
        is_bundle = name.startswith("sigstore-")
        missed |= rate < BUNDLES_TARGET if is_bundle else peer is not None and rate / peer < TARGET
        target = f"≥ {BUNDLES_TARGET:,}/s" if is_bundle else f"≥ {TARGET:.2f}"
        print(f"| {name} | {rate:,.0f} | " + (f"{peer:,.0f} | {rate / peer:.2f} | {target} |" if peer else "| | |"))
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    machine = {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(), "openssl": output(["openssl", "version"]).strip(), "date": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    target = ROOT / "artifacts/bench/trust.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"machine": machine, "median": median, "rounds": rounds}, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
