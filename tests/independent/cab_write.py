#!/usr/bin/env python3
"""cab.py FOLDER [--document KIND FILE]... > x.cab: writes a bundle of a folder of at most 1,000 files, from docs/formats/cab.md alone. Python's standard library only."""

import hashlib
import json
import os
import sys

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
ARTIFACT, TREE, FILE = "application/vnd.cairn.artifact.v1", "application/vnd.cairn.tree.v1", "application/octet-stream"
KINDS = {"cyclonedx": "application/vnd.cyclonedx+json", "spdx": "application/spdx+json", "seed": "application/vnd.cairn.seed.v1"}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def descriptor(media, data, **more):
    return {"mediaType": media, "digest": "sha256:" + sha(data), "size": len(data), **more}


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def digest(data):
    return field(1, sha(data).encode()) + (b"\x10" + varint(len(data)) if data else b"")


def walk(folder, prefix, files, folders):
    """The bytes of a folder; files in the order of the tree go to `files`, folders below to `folders`."""
    names = sorted(os.listdir(folder), key=os.fsencode)
    kinds = {name: "link" if os.path.islink(folder + "/" + name) else "folder" if os.path.isdir(folder + "/" + name) else "file" for name in names}
    out = b""
    for name in (n for n in names if kinds[n] == "file"):
        data = open(folder + "/" + name, "rb").read()
        files.append((prefix + name, data))
        node = field(1, name.encode()) + field(2, digest(data))
        out += field(1, node + (b"\x20\x01" if os.access(folder + "/" + name, os.X_OK) else b""))
    for name in (n for n in names if kinds[n] == "folder"):
        below = walk(folder + "/" + name, prefix + name + "/", files, folders)
        folders[sha(below)] = below
        out += field(2, field(1, name.encode()) + field(2, digest(below)))
    for name in (n for n in names if kinds[n] == "link"):
        out += field(3, field(1, name.encode()) + field(2, os.readlink(folder + "/" + name).encode()))
    return out


def header(name, size):
    block = bytearray(512)
    block[0:len(name)] = name.encode()
    block[100:136] = b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size
    block[136:157] = b"0" * 11 + b"\0" + b" " * 8 + b"0"
    block[257:265] = b"ustar\x0000"
    block[329:345] = b"0000000\0" * 2
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def main():
    files, folders = [], {}
    root = walk(sys.argv[1], "", files, folders)
    tree = field(1, root) + b"".join(field(2, folders[name]) for name in sorted(folders))
    artifact = canonical({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT, "config": descriptor(TREE, tree),
        "layers": [descriptor(FILE, data, annotations={"org.opencontainers.image.title": path}) for path, data in files]})
    referrers = []
    for kind, path in zip(sys.argv[3::3], sys.argv[4::3]):
        data = open(path, "rb").read()
        referrers.append((canonical({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": KINDS[kind], "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [descriptor(KINDS[kind], data)], "subject": descriptor(MANIFEST, artifact)}), kind, data))
    referrers.sort(key=lambda r: sha(r[0]))
    listed = [descriptor(MANIFEST, manifest, artifactType=KINDS[kind]) for manifest, kind, _ in referrers]
    nested = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, artifact, artifactType=ARTIFACT)] + listed})
    tag = "org.opencontainers.image.ref.name"
    index = canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests":
        [descriptor(MANIFEST, artifact, artifactType=ARTIFACT, annotations={tag: "artifact"})] + listed + [descriptor(INDEX, nested, annotations={tag: "bundle"})]})
    blobs = [artifact, nested] + [r[0] for r in referrers] + ([b"{}"] if referrers else []) + [r[2] for r in referrers] + [tree] + [data for _, data in files]
    entries = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index}
    for blob in blobs:
        entries.setdefault("blobs/sha256/" + sha(blob), blob)
    for name, data in entries.items():
        sys.stdout.buffer.write(header(name, len(data)) + data + b"\0" * (-len(data) % 512))
    sys.stdout.buffer.write(b"\0" * 1024)
    for what, data in (("tree", tree), ("id", artifact), ("nested", nested), *(("ref", r[0]) for r in referrers)):
        print(what, sha(data), file=sys.stderr)


main()
