#!/usr/bin/env python3
"""toolchain.py [--rounds 3] [--cairn PROGRAM] [--folder DIR] [--packages gcc,libc6-dev,make]

A toolchain of Debian's packages from nothing to a root in which programs run, from the mirror that apt of this machine has, all in turns:

  cairn        empty store: `cairn toolchain lock` (signatures, resolution, downloads, unpacking, tree), then `cairn run` of a step in it, which lays the tree out
  debootstrap  `debootstrap --variant=minbase`, then `apt-get install` of the packages in that root, with the same suites
  apt          the very packages of the lock by `apt-get update` and `apt-get download` into an empty folder, then `dpkg-deb -x` of each: nothing is configured, so no program
               has its alternatives, its linker's cache or its certificates

and warm: a run of one step that does nothing in the toolchain, less the same with `toolchain: host`; both in a sandbox, neither cached.

Root, on Debian, with debootstrap and network. Results: a table, and artifacts/bench/toolchain.json. Python's standard library only.
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET_RATIO, TARGET_WARM_MS = 3.0, 20.0
WARM_RUNS = 15
CHECK = "echo 'int main(void) { return 42; }' >/tmp/x.c && gcc -o /tmp/x /tmp/x.c && make --version >/dev/null && { /tmp/x || test $? = 42; }"


def run(command, folder="/", environment=None, check=True):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment or os.environ | {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    took = time.perf_counter() - start
    if check and done.returncode:
        sys.exit(f"{command}: {done.stdout.decode(errors='replace')[-3000:]}")
    return took, done.stdout.decode(errors="replace")


class Bench:
    def __init__(self, options):
        self.options = options
        self.packages = options.packages.split(",")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="cairn-bench-", dir=options.folder))
        release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
        self.suite = release["VERSION_CODENAME"].strip('"')
        lines = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages"])[1].splitlines()
        self.sources = sorted({tuple(l.split()) for l in lines if len(l.split()) == 3 and l.split()[1] in (self.suite, f"{self.suite}-updates", f"{self.suite}-security") and l.split()[2] == "main"})
        self.mirror = next(uri for uri, suite, _ in self.sources if suite == self.suite)
        self.project = self.root / "project"
        self.project.mkdir()
        (self.project / "cairn.yaml").write_text(f"""version: 1
name: bench
toolchains:
  cc: {{ debian: {self.suite}, packages: [{', '.join(self.packages)}] }}
defaults: {{ isolation: sandbox, cache: false }}
steps:
  use: {{ inputs: [], run: "{CHECK.replace('"', chr(92) + '"')}", toolchain: cc }}
  warm: {{ inputs: [], command: [/bin/true], toolchain: cc }}
  host: {{ inputs: [], command: [/bin/true], toolchain: host }}
""")
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "LC_ALL": "C.UTF-8"}
        for name in ("CACHE", "STATE", "CONFIG"):
            self.environment[f"XDG_{name}_HOME"] = str(self.root / "xdg" / name.lower())

    def cairn(self, _):
        shutil.rmtree(self.root / "xdg", ignore_errors=True)
        (self.project / "cairn.lock").unlink(missing_ok=True)
        lock, _ = run([self.options.cairn, "toolchain", "lock"], self.project, self.environment)
        use, _ = run([self.options.cairn, "run", "-q", "--only", "use"], self.project, self.environment)
        return {"lock": lock, "first run": use, "all": lock + use}

    def locked(self):
        text = (self.project / "cairn.lock").read_text().splitlines()
        value = lambda line: line.split(": ", 1)[1].strip('"')
        return sorted((value(a), value(b)) for a, b in zip(text, text[1:]) if a.startswith("      - package: "))

    def debootstrap(self, number):
        folder = self.root / f"debootstrap{number}"
        base, _ = run(["debootstrap", "--variant=minbase", self.suite, str(folder), self.mirror])
        (folder / "etc/apt/sources.list").write_text("".join(f"deb {uri} {suite} {component}\n" for uri, suite, component in self.sources))
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        chroot = lambda *command: run(["chroot", str(folder), *command])
        rest = chroot("apt-get", "-qq", "update")[0] + chroot("apt-get", "-qq", "-y", "--no-install-recommends", "install", *self.packages)[0]
        use = chroot("sh", "-c", CHECK)[0]
        self.installed = sorted(line.split()[0] for line in chroot("dpkg-query", "-W")[1].splitlines())
        shutil.rmtree(folder)
        return {"debootstrap": base, "apt-get": rest, "all": base + rest + use}

    def apt(self, number):
        folder = self.root / f"apt{number}"
        (folder / "state/lists/partial").mkdir(parents=True)
        (folder / "cache/archives/partial").mkdir(parents=True)
        (folder / "root").mkdir()
        options = ["-qq", "-o", f"Dir::State={folder}/state", "-o", f"Dir::Cache={folder}/cache", "-o", "Dir::State::status=/dev/null", "-o", "APT::Sandbox::User=root"]
        update, _ = run(["apt-get", *options, "update"], folder)
        download, _ = run(["apt-get", *options, "download", *(f"{name}={version}" for name, version in self.locked())], folder)
        unpack = sum(run(["dpkg-deb", "-x", str(file), str(folder / "root")])[0] for file in sorted(folder.glob("*.deb")))
        shutil.rmtree(folder)
        return {"update": update, "download": download, "unpack": unpack, "all": update + download + unpack}

    def warm(self):
        took = {"warm": [], "host": []}
        for number in range(1 + WARM_RUNS):
            for step in took:
                seconds, _ = run([self.options.cairn, "run", "-q", "--only", step], self.project, self.environment)
                if number:
                    took[step].append(seconds * 1e3)
        return {step: statistics.median(values) for step, values in took.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cairn", default=str((ROOT / "artifacts/launcher/current/cairn").resolve()))
    parser.add_argument("--folder", default=None)
    parser.add_argument("--packages", default="gcc,libc6-dev,make")
    options = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("run it as root, with debootstrap installed")
    bench = Bench(options)
    results = {"cairn": [], "debootstrap": [], "apt": []}
    try:
        for number in range(options.rounds):
            for name, rounds in results.items():
                rounds.append(getattr(bench, name)(number))
                print(f"# {name} " + ", ".join(f"{what} {seconds:.2f} s" for what, seconds in rounds[-1].items()), file=sys.stderr, flush=True)
        warm, locked = bench.warm(), [name for name, _ in bench.locked()]
        installed = [name.split(":")[0] for name in bench.installed]
    finally:
        shutil.rmtree(bench.root, ignore_errors=True)

    median = {name: {what: statistics.median(r[what] for r in rounds) for what in rounds[0]} for name, rounds in results.items()}
    ratio = median["debootstrap"]["all"] / median["cairn"]["all"]
    extra = warm["warm"] - warm["host"]
    print(f"| {', '.join(bench.packages)} of {bench.suite} | seconds, median of {options.rounds} | of which |\n|---|---|---|")
    for name, what in (("cairn", f"cairn, {len(locked)} packages"), ("debootstrap", f"debootstrap and apt-get, {len(installed)} packages"), ("apt", f"the same {len(locked)} packages by apt-get download and dpkg-deb -x")):
        print(f"| {what} | {median[name]['all']:.2f} | {', '.join(f'{part} {seconds:.2f}' for part, seconds in median[name].items() if part != 'all')} |")
    print(f"\ndebootstrap / cairn: {ratio:.1f} (target ≥ {TARGET_RATIO:.0f}); apt and dpkg-deb / cairn: {median['apt']['all'] / median['cairn']['all']:.2f}")
    print(f"warm: {warm['warm']:.1f} − {warm['host']:.1f} = {extra:.1f} ms (target ≤ {TARGET_WARM_MS:.0f})")
    print(f"only in the root of debootstrap: {' '.join(sorted(set(installed) - set(locked)))}; only in the lock: {' '.join(sorted(set(locked) - set(installed))) or '-'}")
    file = ROOT / "artifacts/bench/toolchain.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": platform.platform(), "cpus": os.cpu_count(), "results": results, "warm_ms": warm, "locked": locked, "installed": installed}, indent=2))


main()
