#!/usr/bin/env python3
"""sandbox.py [--steps 1000] [--runs 3] [--user UID] [--cairn PROGRAM] [--folder DIR]

What `isolation: sandbox` costs, beside a bare loop that does the least that could be called the same: for each step an overlay of two layers is
mounted, bubblewrap runs the step in it, and the overlay goes again, two at a time. As root, or as the user given. Measured are

  loop     the bare loop over as many steps
  cairn    a cold run of as many sandboxed steps: layers, overlay, bubblewrap, outputs collected and put into the working tree, logs and cache written
  single   a step that does nothing, in a sandbox, less the same step in `process` isolation: runs of 200, one at a time
  bwrap    bubblewrap around `true`, alone
  layer    runs of one step over 5,000 inputs: the first, which lays them out, later ones over the same, and later ones after one of them was changed; each less the same run in
           `process` isolation and, of both, a run over one input, so that what is left is the layer

Needs bubblewrap and util-linux. Results: a table, and artifacts/bench/sandbox.json. Python's standard library only.
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
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET_LOOP, TARGET_STEP_MS, TARGET_LAYER_MS = 1.3, 2.0, 5.0
LAYER_RUNS = 9
LAYER_FILES = 5_000

# Runs in its own mount (and user) namespace; takes the folder, the number of steps, the user of the sandbox, and options for the mount.
LOOP = r"""
import ctypes, os, subprocess, sys, threading
folder, count, user, options = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", b"/mnt", b"tmpfs", 0, b"mode=755"):
    raise OSError(ctypes.get_errno(), "tmpfs")
numbers, gate, problems = iter(range(count)), threading.Lock(), []
def work():
    while not problems:
        with gate:
            n = next(numbers, None)
        if n is None:
            return
        place, upper, inner = f"/mnt/{n}", f"{folder}/u{n}", f"{folder}/w{n}"
        for path in (place, upper, inner):
            os.mkdir(path)
        if user:
            os.chown(upper, user, user)
        data = f"lowerdir={folder}/in:{folder}/base,upperdir={upper},workdir={inner},{options}".encode()
        if libc.mount(b"overlay", place.encode(), b"overlay", 0, data):
            problems.append(f"overlay: {os.strerror(ctypes.get_errno())}")
            return
        extra = {"user": user, "group": user, "extra_groups": []} if user else {}
        code = subprocess.run(
            ["bwrap", "--unshare-all", "--die-with-parent", "--uid", "1000", "--gid", "1000", "--bind", place, "/", "--ro-bind", "/usr", "/usr",
             "--dev", "/dev", "--proc", "/proc", "--chdir", "/work", "--", "/bin/sh", "-c", "cksum a.txt b.txt > o.txt"], **extra).returncode
        if code or not os.path.getsize(f"{upper}/work/o.txt"):
            problems.append(f"step {n}: {code}")
        libc.umount2(place.encode(), 2)
threads = [threading.Thread(target=work) for _ in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
sys.exit("; ".join(problems) or None)
"""


class Bench:
    def __init__(self, options):
        self.options = options
        self.user = options.user
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="cairn-sandbox-", dir=options.folder))
        self.root.chmod(0o755)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "LC_ALL": "C.UTF-8"}
        for name in ("CACHE", "STATE", "CONFIG"):
            self.environment[f"XDG_{name}_HOME"] = str(self.root / "xdg" / name.lower())

    def as_user(self, command):
        return ["setpriv", "--reuid", str(self.user), "--regid", str(self.user), "--clear-groups", "--"] + command if self.user else command

    def give(self, folder):
        if self.user:
            subprocess.run(["chown", "-R", f"{self.user}:{self.user}", str(folder)], check=True)

    def run(self, command, folder):
        start = time.perf_counter()
        done = subprocess.run(self.as_user(command), cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        took = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"{command}: {done.stdout.decode()[-2000:]}")
        return took

    def loop(self, number):
        folder = self.root / f"loop{number}"
        (folder / "in/work").mkdir(parents=True)
        for name in ("a.txt", "b.txt"):
            (folder / "in/work" / name).write_text("x" * 1000)
        for name in ("usr", "dev", "proc", "tmp", "work"):
            (folder / "base" / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (folder / "base" / name).symlink_to(f"usr/{name}")
        owner = self.user or 60_999
        subprocess.run(["chown", "-R", f"{owner}:{owner}", str(folder)], check=True)
        namespaces = ["unshare", "--user", "--map-root-user", "--mount"] if self.user else ["unshare", "--mount", "--propagation", "slave"]
        took = self.run([*namespaces, sys.executable, "-c", LOOP, str(folder), str(self.options.steps), "0" if self.user else str(owner),
                         "userxattr" if self.user else "index=off"], self.root)
        shutil.rmtree(folder)
        return took

    def project(self, name, lines, files):
        folder = self.root / name
        folder.mkdir()
        (folder / "cairn.yaml").write_text("\n".join(["version: 1", "name: bench", *lines]) + "\n")
        for path, text in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        self.give(folder)
        return folder

    def cold(self, number):
        lines, files = ["defaults: { isolation: sandbox }", "steps:"], []
        for n in range(self.options.steps):
            lines += [f"  s{n:04d}:", f"    working_directory: p/{n:04d}", "    run: cksum a.txt b.txt > o.txt",
                      f"    inputs: [p/{n:04d}/a.txt, p/{n:04d}/b.txt]", f"    outputs: [p/{n:04d}/o.txt]"]
            files += [(f"p/{n:04d}/{name}.txt", f"{n} {name}" + "x" * 1000) for name in "ab"]
        folder = self.project(f"cold{number}", lines, files)
        shutil.rmtree(self.root / "xdg", ignore_errors=True)
        self.ready()
        took = self.run([self.options.cairn, "run", "-q"], folder)
        if not (folder / f"p/{self.options.steps - 1:04d}/o.txt").stat().st_size:
            sys.exit("no output")
        shutil.rmtree(folder)
        return took

    def ready(self):
        (self.root / "xdg").mkdir(exist_ok=True)
        self.give(self.root / "xdg")

    def single(self):
        """What a step that does nothing takes, one at a time, in ms: a run of 200 of them."""
        medians = {}
        for isolation in ("process", "sandbox"):
            lines = [f"defaults: {{ isolation: {isolation}, cache: false }}", "concurrency: { max_parallel: 1 }", "steps:"]
            for n in range(200):
                lines += [f"  s{n:04d}:", "    command: [/bin/true]", "    inputs: []"]
            folder = self.project(f"single-{isolation}", lines, [])
            self.ready()
            self.run([self.options.cairn, "run", "-q"], folder)
            medians[isolation] = statistics.median(self.run([self.options.cairn, "run", "-q"], folder) for _ in range(3)) / 200 * 1e3
        return medians

    def bubblewrap(self):
        command = ["bwrap", "--unshare-all", "--die-with-parent", "--uid", "1000", "--gid", "1000", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--", "/bin/true"]
        command = command if self.user else ["setpriv", "--reuid", "60999", "--regid", "60999", "--clear-groups", "--", *command]
        spawn = statistics.median(self.run(["/bin/true"] if self.user else ["setpriv", "--reuid", "60999", "--regid", "60999", "--clear-groups", "--", "/bin/true"], "/") for _ in range(100))
        return (statistics.median(self.run(command, "/") for _ in range(100)) - spawn) * 1e3

    def layer(self):
        """Runs of one step over one input and over 5,000, in both isolations, in ms: the first, over the same inputs again, and after one of them has changed."""
        results, folders = {}, {}
        for isolation in ("process", "sandbox"):
            for count in (1, LAYER_FILES):
                files = [(f"in/d{n // 100:02d}/f{n:05d}.txt", f"{n}\n") for n in range(count)]
                lines = [f"defaults: {{ isolation: {isolation} }}", "params: { n: 0 }", "steps:", "  s:", "    env: { N: \"${{ params.n }}\" }", "    command: [/bin/true]", "    inputs: [in/**]"]
                folders[isolation, count] = self.project(f"layer-{isolation}-{count}", lines, files)
        self.ready()
        for n in range(1 + LAYER_RUNS):
            for (isolation, count), folder in folders.items():
                result = results.setdefault((isolation, count), {"again": [], "changed": []})
                took = self.run([self.options.cairn, "run", "-q", "--param", f"n={n}"], folder) * 1e3
                if n == 0:
                    result["first"] = took
                    continue
                result["again"].append(took)
                (folder / "in/d00/f00000.txt").write_text(f"changed {n}\n")
                result["changed"].append(self.run([self.options.cairn, "run", "-q", "--param", f"n={n}"], folder) * 1e3)
        for result in results.values():
            result["again"], result["changed"] = statistics.median(result["again"]), statistics.median(result["changed"])
        def less(key):
            value = lambda isolation, count: results[isolation, count][key]
            return value("sandbox", LAYER_FILES) - value("process", LAYER_FILES) - (value("sandbox", 1) - value("process", 1))
        return {"runs": {f"{isolation} {count}": result for (isolation, count), result in results.items()}, "first": less("first"), "again": less("again"), "changed": less("changed")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--user", type=int, default=0, help="an ordinary user's id; root otherwise")
    parser.add_argument("--cairn", default=str((ROOT / "artifacts/launcher/current/cairn").resolve()))
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("run it as root: it becomes other users by itself (--user)")
    bench = Bench(options)
    try:
        loops, colds = [], []
        for number in range(options.runs):
            loops.append(bench.loop(number))
            colds.append(bench.cold(number))
            print(f"# loop {loops[-1]:.3f} s, cairn {colds[-1]:.3f} s", file=sys.stderr, flush=True)
        loop, cold = statistics.median(loops), statistics.median(colds)
        single, alone, layer = bench.single(), bench.bubblewrap(), bench.layer()
    finally:
        shutil.rmtree(bench.root, ignore_errors=True)

    extra = single["sandbox"] - single["process"] - alone
    who = f"user {options.user}" if options.user else "root"
    print(f"| as {who} | measured | of the target | target |\n|---|---|---|---|")
    row = lambda what, measured, ratio="", target="": print(f"| {what} | {measured} | {ratio and f'{ratio:.2f}'} | {target} |")
    row(f"bare loop, {options.steps} steps", f"{loop:.3f} s")
    row(f"cairn, {options.steps} sandboxed steps, cold", f"{cold:.3f} s = {cold / loop:.2f} ×", cold / loop / TARGET_LOOP, f"≤ {TARGET_LOOP} × the loop")
    row("bubblewrap alone", f"{alone:.1f} ms")
    row("one step: sandboxed less process less bubblewrap", f"{single['sandbox']:.1f} − {single['process']:.1f} − {alone:.1f} = {extra:.1f} ms", extra / TARGET_STEP_MS, f"≤ {TARGET_STEP_MS:.0f} ms")
    row(f"{LAYER_FILES:,} files, laid out", f"{layer['first']:.0f} ms")
    row(f"{LAYER_FILES:,} files, mounted again", f"{layer['again']:.1f} ms", layer["again"] / TARGET_LAYER_MS, f"≤ {TARGET_LAYER_MS:.0f} ms")
    row(f"1 of {LAYER_FILES:,} files changed", f"{layer['changed']:.1f} ms = {layer['changed'] / layer['first']:.2f} × laying out", layer["changed"] / layer["first"], "≪ laying out")
    file = ROOT / "artifacts/bench/sandbox.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": platform.platform(), "cpus": os.cpu_count(), "user": options.user, "loops": loops, "colds": colds, "single": single, "bubblewrap_ms": alone, "layer": layer}, indent=2))


main()
