#!/usr/bin/env python3
"""toolchain-compare.py [--suite bookworm] [--keep FOLDER] PACKAGE... [+ PACKAGE...]...

What a step with a `debian` toolchain sees, beside what debootstrap and apt-get make of the same packages on the same day,
scripts and all: every file, its content, whether it can be executed, where links lead. Differences that have a reason are
counted by it; each other one is printed, and the script fails. `+` separates sets that are compared one after another.

Wants root, debootstrap, a network, and ./cairn. Python's standard library only.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Why the two differ in a path, the first that matches. Those of packages that the toolchain has not are left out before.
REASONS = [
    ("read by people only", r"usr/share/(doc|man|info|lintian|doc-base|bug|linda)/|etc/alternatives/.*\.gz$"),
    ("the packages' manager", r"(var/(lib|cache)/(dpkg|apt|debconf|ucf|pam|man-db)|etc/(dpkg|apt|kernel))(/|$)|etc/(ucf|debconf)\.conf$|var/lib/(shells\.state|misc)"),
    ("logs and caches", r"var/(log|cache|backups|mail|spool)(/|$)|usr/share/(icons/.*icon-theme|mime/(mime|.*\.xml|aliases|generic-icons|globs|icons|magic|subclasses|treemagic|types|version|XMLnamespaces))"),
    ("byte code of Python and what makes it", r"(^|/)__pycache__(/|$)|\.pyc$|var/lib/python|etc/python3/debian_config$"),
    ("who and where, as the sandbox has it", r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/(hostname|hosts|networks|resolv\.conf|nsswitch\.conf|shells|fstab|\.pwd\.lock|machine-id|environment|motd|localtime|timezone|adjtime|mailname|default/locale)$"),
    ("services and log-ins", r"etc/(systemd|rc[0-9S]\.d|pam\.d|skel|default/useradd|selinux)(/|$)|var/lib/(systemd|dbus)(/|$)|etc/security/opasswd$"),
    ("folders for people and machines", r"(root|home|boot|media|mnt|opt|srv|run|dev|proc|sys|tmp|work|debootstrap)(/|$)|usr/(local|games|src)(/|$)|var/(tmp|local|opt)(/|$)|etc/(opt|profile)(/|$|\.d/?$)"),
    ("what PHP's programs note for themselves", r"var/lib/php(/|$)"),
    ("what certificates' programs note for themselves", r"var/lib/ca-certificates-java(/|$)|etc/ca-certificates\.conf$"),
    ("preferences that Java writes for root", r"etc/\.java(/|$)"),
    ("a catalog of SGML for none, or in another notation", r"etc/sgml/catalog$|var/lib/(sgml-base|xml-core)(/|$)"),
    ("sorted by another rule, with the same entries", r"etc/xml/.*"),
]

# What holds the same in other bytes, and how to read it.
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


def jks(content):
    """The certificates of a key store of Java's own format."""
    count, at, found = int.from_bytes(content[8:12], "big"), 12, set()
    for _ in range(count):
        at += 4
        at += 2 + int.from_bytes(content[at:at + 2], "big") + 8
        at += 2 + int.from_bytes(content[at:at + 2], "big")
        size = int.from_bytes(content[at:at + 4], "big")
        found.add(content[at + 4:at + 4 + size])
        at += 4 + size
    return found


def libraries(content):
    """The libraries of the linker's cache and where they are. A name without a version is for those who link, and found without the cache."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        lines = subprocess.run(["ldconfig", "-C", file.name, "-p"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {re.sub(r", OS ABI: [^)]*", "", line.strip()) for line in lines if "=>" in line and not re.match(r"\s*\S+\.so ", line)}


READERS = {
    "etc/ld.so.cache": libraries,
    "etc/ssl/certs/java/cacerts": jks,
    "etc/ssl/certs/ca-certificates.crt": lambda content: set(CERTIFICATE.findall(content)),
}


def run(command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {result.returncode}\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return result.stdout


def mirror(suite):
    """The machine's own mirror, and the sources of the suite with what joins it."""
    lines = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages"]).split("\n")
    sources = [line.split() for line in dict.fromkeys(lines) if line]
    sources = [source for source in sources if source[1] in (suite, f"{suite}-updates", f"{suite}-security")]
    return next(uri for uri, release, _ in sources if release == suite), sources


def debootstrap(root, suite, packages):
    uri, sources = mirror(suite)
    run(["debootstrap", "--variant=minbase", suite, root, uri])
    (root / "etc/apt/sources.list").write_text("".join(f"deb {uri} {release} {component}\n" for uri, release, component in sources))
    for name in os.listdir("/etc/apt/apt.conf.d"):
        if "proxy" in name.lower():
            shutil.copy(f"/etc/apt/apt.conf.d/{name}", root / "etc/apt/apt.conf.d")
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    script = f"mount -t proc proc /proc && export DEBIAN_FRONTEND=noninteractive LC_ALL=C && apt-get -qq update && apt-get -qq -y upgrade && apt-get -qq -y --no-install-recommends install {' '.join(packages)}"
    run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", root, "sh", "-ec", script])
    (root / "usr/sbin/policy-rc.d").unlink()


def of_folder(root):
    """Every file and link of a folder: path → what stands there."""
    entries = {}
    for folder, folders, files in os.walk(root):
        for name in files + [f for f in folders if os.path.islink(os.path.join(folder, f))]:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                what = ("link", os.readlink(path))
            elif stat.S_ISREG(info.st_mode):
                what = ("program" if info.st_mode & 0o100 else "file", hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest())
            else:
                continue
            entries[os.path.relpath(path, root)] = what
    return entries


def owners(root):
    """Which packages have a path, as dpkg knows it."""
    owned = {}
    for listing in (root / "var/lib/dpkg/info").glob("*.list"):
        for path in listing.read_text().splitlines():
            path = re.sub(r"^(bin|lib|lib32|lib64|libx32|sbin)/", r"usr/\1/", path.lstrip("/"))
            owned.setdefault(path, set()).add(listing.name.removesuffix(".list").split(":")[0])
    return owned


def cairn(folder, suite, packages):
    """What a step sees, and the packages of the toolchain."""
    folder.mkdir()
    (folder / "cairn.yaml").write_text(
        f"""version: 1
name: compare
toolchains:
  it: {{ debian: {suite}, packages: [{", ".join(packages)}] }}
steps:
  list:
    toolchain: it
    isolation: sandbox
    network: none
    run: |
      mkdir out
      tar cf out/seen.tar --exclude=./proc --exclude=./dev --exclude=./work --exclude=./tmp --exclude=./run -C / .
    inputs: []
    outputs: [out/seen.tar]
""")
    environment = dict(os.environ, **{f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")})
    program = os.environ.get("CAIRN_BINARY", ROOT / "cairn")
    run([program, "toolchain", "lock"], cwd=folder, env=environment)
    run([program, "run", "--plain"], cwd=folder, env=environment)
    seen = folder / "seen"
    seen.mkdir()
    run(["tar", "xf", folder / "out/seen.tar", "-C", seen, "--no-same-owner", "--no-same-permissions"])
    names = set(re.findall(r"^ +- package: (\S+)$", (folder / "cairn.lock").read_text(), re.M))
    return seen, names


def same(path, ours, theirs, foreign):
    read = READERS.get(path)
    if not read:
        return False
    ours, theirs = read(ours.read_bytes()), read(theirs.read_bytes())
    theirs = {entry for entry in theirs if not (isinstance(entry, str) and entry.split()[-1].replace("/lib/", "/usr/lib/", 1).removeprefix("/").replace("usr/usr/", "usr/") in foreign)}
    for entry in sorted(ours ^ theirs, key=str)[:5]:
        print(f"  {path}: {'only ours' if entry in ours else 'only theirs'}: {str(entry)[:120]}")
    return ours == theirs


def compare(folder, suite, packages):
    theirs_root = folder / "debootstrap"
    debootstrap(theirs_root, suite, packages)
    ours_root, names = cairn(folder / "cairn", suite, packages)
    ours, theirs, owned = of_folder(ours_root), of_folder(theirs_root), owners(theirs_root)
    versions = dict(line.split("\t") for line in run(["chroot", theirs_root, "dpkg-query", "-W", "-f", "${Package}\t${Version}\n"]).splitlines())
    counts, unexpected = {}, []
    foreign = {path for path, of in owned.items() if not of & names}
    foreign |= {path for path, (kind, target) in theirs.items() if kind == "link" and os.path.normpath(os.path.join(os.path.dirname(path), target)) in foreign}
    for path in sorted(ours.keys() | theirs.keys()):
        if ours.get(path) == theirs.get(path):
            counts["the same"] = counts.get("the same", 0) + 1
            continue
        packages_of = owned.get(path, set())
        reason = "of packages that the toolchain has not" if packages_of and not packages_of & names and path not in ours else None
        reason = reason or next((why for why, pattern in REASONS if re.match(pattern, path) or (pattern.startswith("(^|") and re.search(pattern, path))), None)
        if not reason and path in ours and path in theirs and same(path, ours_root / path, theirs_root / path, foreign):
            reason = "the same in other bytes"
        if reason:
            counts[reason] = counts.get(reason, 0) + 1
        else:
            unexpected.append(f"{path}: ours {ours.get(path)}, theirs {theirs.get(path)} ({', '.join(sorted(packages_of)) or 'made by a script'})")
    print(f"{' '.join(packages)}: {len(names & versions.keys())} packages")
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"  {count:7,} {reason}")
    for line in unexpected:
        print(f"  UNEXPECTED {line}")
    return {"packages": packages, "counts": counts, "unexpected": unexpected}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("packages", nargs="+")
    arguments = parser.parse_args()
    sets, results = " ".join(arguments.packages).split(" + "), []
    for number, packages in enumerate(sets):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="cairn-compare-")) if not arguments.keep else arguments.keep / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            results.append(compare(folder, arguments.suite, packages.split()))
        finally:
            if not arguments.keep:
                shutil.rmtree(folder, ignore_errors=True)
    target = ROOT / "artifacts/bench/toolchain-compare.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2))
    sys.exit(1 if any(result["unexpected"] for result in results) else 0)


main()
