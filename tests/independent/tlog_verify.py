#!/usr/bin/env python3
"""Verifies transparency logs with nothing of Cairn's: written from RFC 6962, RFC 9162 and the C2SP
specifications signed-note, tlog-checkpoint, tlog-tiles and tlog-proof alone.

  tlog_verify.py log DIR VKEY...              every entry, every tile, the root, the signature
  tlog_verify.py proof PROOF ENTRY VKEY...    that the bytes of the file ENTRY are an entry (a tlog-proof)
  tlog_verify.py consistency DIR OLD VKEY...  that the log has grown out of the checkpoint in the file OLD
  tlog_verify.py entry DIR INDEX              writes the bytes of an entry to standard output

Exits with 0 and one line of result, or with 1 and the reason.
"""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile

WIDTH = 256


class Refused(Exception):
    pass


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes):
    """MTH of RFC 6962, 2.1, over hashes of leaves (or of whole subtrees of one height)."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def strict_base64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 that is not canonical: " + text)
    return data


def decimal(text):
    if not text.isascii() or not text.isdigit() or (len(text) > 1 and text[0] == "0"):
        raise Refused("no decimal number: " + text)
    return int(text)


def ed25519_verify(key, message, signature):
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return ed25519_verify_openssl(key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except InvalidSignature:
        return False


def ed25519_verify_openssl(key, message, signature):
    spki = bytes.fromhex("302a300506032b6570032100") + key
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for name, content in zip(names, (spki, message, signature)):
            with open(name, "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0], "-rawin", "-in", names[1], "-sigfile", names[2]]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


class Key:
    """A verifier key: name+hash+base64(algorithm, key)."""

    def __init__(self, text):
        name, key_id, encoded = text.split("+", 2)
        data = strict_base64(encoded)
        if data[0] != 1 or len(data) != 33:
            raise Refused("a key that is not Ed25519: " + text)
        self.name, self.id, self.raw = name, bytes.fromhex(key_id), data[1:]
        if hashlib.sha256(name.encode() + b"\n" + data).digest()[:4] != self.id:
            raise Refused("a key whose id is not its own: " + text)


def open_checkpoint(note, keys):
    """The origin, size and root of a note that one of the keys signed."""
    text, divide, signatures = note.rpartition(b"\n\n")
    if not divide:
        raise Refused("no empty line before the signatures")
    text += b"\n"
    signed = False
    for line in signatures.decode().splitlines():
        dash, name, encoded = line.split(" ")
        if dash != "\u2014":
            raise Refused("no line of a signature: " + line)
        blob = strict_base64(encoded)
        for key in keys:
            if (name, blob[:4]) == (key.name, key.id):
                if not ed25519_verify(key.raw, text, blob[4:]):
                    raise Refused("a signature of " + name + " that is none")
                signed = True
    if not signed:
        raise Refused("no known key signed the checkpoint")
    lines = text.decode().split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise Refused("no text of a checkpoint")
    root = strict_base64(lines[2])
    if len(root) != 32:
        raise Refused("a root of %d bytes" % len(root))
    return lines[0], decimal(lines[1]), root


def verify_inclusion(index, size, leaf, path, root):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        raise Refused("the index is beyond the size")
    number, last, result = index, size - 1, leaf
    for beside in path:
        if last == 0:
            raise Refused("the proof is too long")
        if number & 1 or number == last:
            result = node_hash(beside, result)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            result = node_hash(result, beside)
        number, last = number >> 1, last >> 1
    if last != 0 or result != root:
        raise Refused("the proof does not lead to the root")


def consistency_path(hashes, old, complete=True):
    """SUBPROOF of RFC 6962, 2.1.2."""
    if old == len(hashes):
        return [] if complete else [tree_hash(hashes)]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if old <= split:
        return consistency_path(hashes[:split], old, complete) + [tree_hash(hashes[split:])]
    return consistency_path(hashes[split:], old - split, False) + [tree_hash(hashes[:split])]


def verify_consistency(old, new, path, old_root, new_root):
    """RFC 9162, 2.1.4.2."""
    if old == new:
        if path or old_root != new_root:
            raise Refused("two trees of one size")
        return
    if not 0 < old < new or not path:
        raise Refused("nothing that a proof could be of")
    if old & (old - 1) == 0:
        path = [old_root] + path
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    older = newer = path[0]
    for beside in path[1:]:
        if last == 0:
            raise Refused("the proof is too long")
        if number & 1 or number == last:
            older, newer = node_hash(beside, older), node_hash(beside, newer)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            newer = node_hash(newer, beside)
        number, last = number >> 1, last >> 1
    if last != 0 or older != old_root or newer != new_root:
        raise Refused("the tree has not grown out of the older one")


def tile_path(level, index, width):
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.insert(0, "x%03d" % (index % 1000))
    return "/".join(["tile", str(level)] + groups) + ("" if width == WIDTH else ".p/%d" % width)


def read_tile(folder, level, index, width, cut):
    """A tile; where a partial one is gone, the beginning of the full one (`cut` takes as much of it as belongs)."""
    try:
        with open(os.path.join(folder, tile_path(level, index, width)), "rb") as file:
            return file.read()
    except FileNotFoundError:
        with open(os.path.join(folder, tile_path(level, index, WIDTH)), "rb") as file:
            return cut(file.read())


def read_entries(folder, index, width):
    data = read_tile(folder, "entries", index, width, lambda full: full)
    entries, at = [], 0
    while len(entries) < width:
        length = int.from_bytes(data[at:at + 2], "big")
        if at + 2 + length > len(data):
            raise Refused(tile_path("entries", index, width) + " is cut off")
        entries.append(data[at + 2:at + 2 + length])
        at += 2 + length
    return entries


def read_hashes(folder, level, index, width):
    data = read_tile(folder, level, index, width, lambda full: full[:32 * width])
    if len(data) != 32 * width:
        raise Refused(tile_path(level, index, width) + " has %d bytes" % len(data))
    return [data[at:at + 32] for at in range(0, len(data), 32)]


def verify_tiles(folder, size):
    """The hashes of all leaves, after every tile was held against what is below it."""
    leaves = []
    for index in range((size + WIDTH - 1) // WIDTH):
        width = min(WIDTH, size - index * WIDTH)
        entries = read_entries(folder, index, width)
        hashes = [leaf_hash(entry) for entry in entries]
        if hashes != read_hashes(folder, 0, index, width):
            raise Refused(tile_path(0, index, width) + " does not have the hashes of its entries")
        leaves += hashes
    level, below = 0, leaves
    while len(below) >= WIDTH:
        level += 1
        here = [tree_hash(below[at:at + WIDTH]) for at in range(0, len(below) - len(below) % WIDTH, WIDTH)]
        for index in range((len(here) + WIDTH - 1) // WIDTH):
            width = min(WIDTH, len(here) - index * WIDTH)
            if here[index * WIDTH:index * WIDTH + width] != read_hashes(folder, level, index, width):
                raise Refused(tile_path(level, index, width) + " does not have the hashes of the tiles below it")
        below = here
    return leaves


def verify_log(folder, keys):
    with open(os.path.join(folder, "checkpoint"), "rb") as file:
        origin, size, root = open_checkpoint(file.read(), keys)
    leaves = verify_tiles(folder, size)
    if tree_hash(leaves) != root:
        raise Refused("the root is not that of the entries")
    return origin, size, root, leaves


def main(arguments):
    if len(arguments) < 3:
        raise Refused(__doc__)
    command, first, rest = arguments[0], arguments[1], arguments[2:]
    if command == "log":
        origin, size, _, _ = verify_log(first, [Key(text) for text in rest])
        return "%s: %d entries" % (origin, size)
    if command == "proof":
        with open(first, "rb") as file:
            head, divide, note = file.read().partition(b"\n\n")
        lines = head.decode().split("\n")
        if not divide or lines.pop(0) != "c2sp.org/tlog-proof@v1":
            raise Refused("no tlog-proof")
        if lines and lines[0].startswith("extra "):
            strict_base64(lines.pop(0)[6:])
        if not lines or not lines[0].startswith("index "):
            raise Refused("no index")
        index, path = decimal(lines[0][6:]), [strict_base64(line) for line in lines[1:]]
        origin, size, root = open_checkpoint(note, [Key(text) for text in rest[1:]])
        with open(rest[0], "rb") as file:
            verify_inclusion(index, size, leaf_hash(file.read()), path, root)
        return "%s: entry %d of %d" % (origin, index, size)
    if command == "consistency":
        keys = [Key(text) for text in rest[1:]]
        origin, size, root, leaves = verify_log(first, keys)
        with open(rest[0], "rb") as file:
            old_origin, old_size, old_root = open_checkpoint(file.read(), keys)
        if old_origin != origin or old_size > size:
            raise Refused("%s with %d entries is not a beginning of %s with %d" % (old_origin, old_size, origin, size))
        verify_consistency(old_size, size, consistency_path(leaves, old_size) if old_size < size else [], old_root, root)
        return "%s: %d entries grew to %d" % (origin, old_size, size)
    if command == "entry":
        index = decimal(rest[0])
        with open(os.path.join(first, "checkpoint"), "rb") as file:
            size = decimal(file.read().split(b"\n")[1].decode())
        tile = index // WIDTH
        sys.stdout.buffer.write(read_entries(first, tile, min(WIDTH, size - tile * WIDTH))[index % WIDTH])
        return None
    raise Refused(__doc__)


if __name__ == "__main__":
    try:
        RESULT = main(sys.argv[1:])
        if RESULT is not None:
            print(RESULT)
    except (Refused, OSError, ValueError) as reason:
        print(reason, file=sys.stderr)
        sys.exit(1)
