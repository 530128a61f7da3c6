#!/usr/bin/env python3
"""Writes testdata/actions/vectors.json: actions and results with their encodings and digests.

This encoder shares nothing with the one in src/ and no protobuf library: it writes tags and lengths by hand from
docs/formats/action.md. A test compares the two.
"""
import hashlib
import json
import pathlib
import struct


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while True:
        out.append((n & 0x7F) | (0x80 if n > 0x7F else 0))
        n >>= 7
        if not n:
            return bytes(out)


def number(field, n):
    return b"" if n == 0 else varint(field * 8) + varint(n)


def double(field, x):
    bits = struct.pack("<d", x)
    return b"" if bits == bytes(8) else varint(field * 8 + 1) + bits


def item(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field * 8 + 2) + varint(len(data)) + data


def single(field, data):
    return item(field, data) if data else b""


def digest(text):
    hash_, size = text.split("/")
    return item(1, hash_) + number(2, int(size))


def digest_of(data):
    return f"{hashlib.sha256(data).hexdigest()}/{len(data)}"


def pairs(field, entries):
    return b"".join(item(field, single(1, k) + single(2, v)) for k, v in sorted(entries.items(), key=lambda e: e[0].encode()))


def platform(field, properties):
    return item(field, pairs(1, properties)) if properties else b""


def command(a):
    return (b"".join(item(1, x) for x in a["arguments"]) + pairs(2, a["environment"]) + platform(5, a["platform"])
            + single(6, a["workingDirectory"]) + b"".join(item(7, x) for x in a["outputs"]))


def action(a):
    return item(1, digest(digest_of(command(a)))) + item(2, digest(a["inputRoot"])) + platform(10, a["platform"])


def execution(r):
    out = item(1, digest(r["action"])) + single(2, r["run"]) + single(3, r["job"]) + single(4, r["project"])
    out += b"".join(item(f, digest(r[n])) for f, n in ((5, "logIndex"), (6, "summary")) if r.get(n))
    out += pairs(7, r["stepOutputs"])
    if "tests" in r:
        t = r["tests"]
        out += item(8, b"".join(number(i + 1, n) for i, n in enumerate(t["counts"])) + b"".join(item(5, n) for n in t["failedNames"]))
    u = r["resources"]
    return out + item(9, b"".join(double(i + 1, x) for i, x in enumerate(u[:3])) + b"".join(number(i + 4, x) for i, x in enumerate(u[3:])))


def result(r):
    files = links = b""
    for o in sorted(r["outputs"], key=lambda o: o["path"].encode()):
        if "target" in o:
            links += item(12, item(1, o["path"]) + item(2, o["target"]))
        else:
            files += item(2, item(1, o["path"]) + item(2, digest(o["digest"])) + number(4, int(o["executable"])))
    seconds, ms = divmod(r["timeMs"], 1000)
    metadata = single(1, r["host"]) + item(8, number(1, seconds) + number(2, ms * 1_000_000))
    metadata += item(11, item(1, "type.googleapis.com/cairn.v1.Execution") + item(2, execution(r)))
    return files + (item(6, digest(r["log"])) if r.get("log") else b"") + item(9, metadata) + links


EMPTY = digest_of(b"")
HELLO = digest_of(b"hello\n")

ACTIONS = {
    "smallest": {"arguments": ["true"], "environment": {}, "platform": {}, "workingDirectory": "", "outputs": [], "inputRoot": EMPTY},
    "worked example": {
        "arguments": ["sh", "-eu", "-c", "cc -o hello hello.c\n"], "environment": {"LANG": "C.UTF-8"},
        "platform": {"arch": "x86_64", "os": "linux"}, "workingDirectory": "", "outputs": ["hello"],
        "inputRoot": digest_of(item(1, item(1, "hello.c") + item(2, digest(HELLO)))),
    },
    "everything": {
        "arguments": ["bash", "-euo", "pipefail", "-c", "", "make all\nmake check\n" * 20],
        # U+FFFD sorts before U+1F600 by bytes, after it by UTF-16.
        "environment": {"\U0001F600": "beyond", "\uFFFD": "before", "EMPTY": "", "CC": "gcc", "a": "lower", "Z": "upper"},
        "platform": {"os": "linux", "arch": "aarch64", "isolation": "process", "network": "host", "key-extra": "", "secret:TOKEN": "deploy-token",
                     "service:db": "x" * 200, "host": "debian 12"},
        "workingDirectory": "src/app", "outputs": ["build/**", "!build/tmp/**", "report.xml", "report.xml"], "inputRoot": HELLO.rsplit("/", 1)[0] + "/5000000000",
    },
}

RESULTS = {
    "smallest": {"action": HELLO, "outputs": [], "stepOutputs": {}, "resources": [0, 0, 0, 0, 0, 0], "run": "", "job": "", "project": "", "host": "", "timeMs": 0},
    "everything": {
        "action": digest_of(action(ACTIONS["everything"])),
        "outputs": [
            {"path": "build/\U0001F600", "digest": HELLO, "executable": False}, {"path": "build/\uFFFD", "digest": EMPTY, "executable": True},
            {"path": "build/link", "target": "../elsewhere"}, {"path": "a", "target": "b"}, {"path": "build/" + "n" * 200, "digest": HELLO, "executable": True},
        ],
        "log": HELLO, "logIndex": digest_of(b"index"), "summary": EMPTY, "stepOutputs": {"version": "1.2", "empty": "", "B": "upper"},
        "tests": {"counts": [300, 1, 0, 2], "failedNames": ["a test", ""]}, "resources": [12.5, 3.25, 0, 4096, 8, 0],
        "run": "20250102-030405-abcd", "job": "build (linux)", "project": "/src/project", "host": "builder", "timeMs": 1735787045678,
    },
    "before 1970": {"action": HELLO, "outputs": [], "stepOutputs": {}, "resources": [0.1, 0, 0, 0, 0, 0], "run": "r", "job": "j", "project": "/", "host": "h", "timeMs": -1},
}


def main():
    vectors = {
        "actions": [{"name": n, **a, "command": command(a).hex(), "action": action(a).hex(), "commandDigest": digest_of(command(a)), "actionDigest": digest_of(action(a))}
                    for n, a in ACTIONS.items()],
        "results": [{"name": n, **r, "execution": execution(r).hex(), "message": result(r).hex(), "digest": digest_of(result(r))} for n, r in RESULTS.items()],
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "actions" / "vectors.json"
    path.write_text(json.dumps(vectors, indent=2, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
