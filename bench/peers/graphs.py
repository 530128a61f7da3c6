"""The step graphs that every tool gets, and what their outputs must hold."""

import os
import pathlib
import random

SIZES = ("100", "1000", "many", "big", "outs")
MANY_FILES, MANY_FOLDERS, BIG_BYTES, OUTS_FILES = 10_000, 100, 1 << 30, 5_000


class Step:
    """A step that works in a folder of its own: a script, the files it reads there, the steps whose o.txt it reads."""

    def __init__(self, name, script, sources, needs=(), output="o.txt"):
        self.name, self.script, self.sources, self.needs, self.output = name, script, list(sources), list(needs), output
        self.folder = f"p/{name}"

    def source_paths(self):
        return [f"{self.folder}/{source}" for source in self.sources]

    def need_paths(self):
        return [f"p/{need}/o.txt" for need in self.needs]

    @property
    def output_path(self):
        return f"{self.folder}/{self.output}"


class Graph:
    """A size: its steps, how its sources are written and edited, and whether outputs are right."""

    def __init__(self, size):
        self.size = size
        self.layered = size.isdigit()
        self.steps = self._layers(int(size)) if self.layered else [self._single(size)]
        needed = {need for step in self.steps for need in step.needs}
        self.finals = [step for step in self.steps if step.name not in needed]

    def _layers(self, count):
        depth = 10 if count <= 100 else 20
        width = count // depth
        steps = []
        for number in range(count):
            layer, place = divmod(number, width)
            needs = [f"s{(layer - 1) * width + (place + k) % width:04d}" for k in range(3)] if layer else []
            reads = ["a.txt", "b.txt", *(f"../{need}/o.txt" for need in sorted(needs))]
            steps.append(Step(f"s{number:04d}", f"cksum {' '.join(reads)} > o.txt", ["a.txt", "b.txt"], sorted(needs)))
        return steps

    def _single(self, size):
        if size == "many":
            return Step("s0000", "ls in | wc -l > o.txt", [f"in/d{n // 100:02d}/f{n % 100:02d}.bin" for n in range(MANY_FILES)])
        if size == "big":
            return Step("s0000", "wc -c < big.bin > o.txt", ["big.bin"])
        return Step("s0000", "sh gen.sh", ["a.txt", "gen.sh"], output="gen")

    def outputs(self, step):
        """The files that a step makes."""
        return [f"{step.output_path}/f{n}.txt" for n in range(OUTS_FILES)] if self.size == "outs" else [step.output_path]

    def write(self, root):
        """Writes the sources, the same ones for every tool."""
        chance = random.Random(self.size)
        for step in self.steps:
            folder = root / step.folder
            folder.mkdir(parents=True)
            if self.layered:
                for source in step.sources:
                    (folder / source).write_bytes(bytes(chance.choices(b"abcdefghij \n", k=1000)))
            elif self.size == "many":
                for source in step.sources:
                    (folder / source).parent.mkdir(parents=True, exist_ok=True)
                    (folder / source).write_bytes(chance.randbytes(4096))
            elif self.size == "big":
                with open(folder / "big.bin", "wb") as file:
                    for _ in range(BIG_BYTES >> 20):
                        file.write(chance.randbytes(1 << 20))
            else:
                (folder / "a.txt").write_text("seed\n")
                (folder / "gen.sh").write_text(
                    f'mkdir -p gen; read -r seed < a.txt; n=0\nwhile [ $n -lt {OUTS_FILES} ]; do echo "$seed line $n" > gen/f$n.txt; n=$((n+1)); done\n')

    def edit(self, root, cone):
        """Gives one input content that it never had: of a step that many follow from (cone), or of one that none needs."""
        step = self.steps[0] if cone else self.finals[0]
        path = root / step.source_paths()[0]
        if self.size == "big":
            with open(path, "r+b") as file:
                file.write(os.urandom(4096))
        elif self.size == "many":
            path.write_bytes(os.urandom(4096))
        else:
            path.write_text(os.urandom(40).hex() + "\n")

    def fault(self, root, base):
        """What is wrong with the outputs below base, or None."""
        try:
            return self._layers_fault(root, base) if self.layered else self._single_fault(root, base)
        except OSError as error:
            return str(error)

    def _layers_fault(self, root, base):
        sums = {}
        for step in self.steps:
            wanted = [checksum((root / path).read_bytes()) for path in step.source_paths()] + [sums[need] for need in step.needs]
            content = (base / step.output_path).read_bytes()
            found = [tuple(map(int, line.split()[:2])) for line in content.splitlines()]
            if found != wanted:
                return f"{step.output_path} holds {found}, not {wanted}"
            sums[step.name] = checksum(content)
        return None

    def _single_fault(self, root, base):
        if self.size == "outs":
            folder = base / "p/s0000/gen"
            seed = (root / "p/s0000/a.txt").read_text().strip()
            for n in range(0, OUTS_FILES, 7):
                if (folder / f"f{n}.txt").read_text() != f"{seed} line {n}\n":
                    return f"gen/f{n}.txt is wrong"
            return None if len(os.listdir(folder)) == OUTS_FILES else "gen has a wrong number of files"
        wanted = MANY_FOLDERS if self.size == "many" else BIG_BYTES
        found = int((base / "p/s0000/o.txt").read_text())
        return None if found == wanted else f"o.txt says {found}, not {wanted}"


def _table():
    rows = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        rows.append(value & 0xFFFFFFFF)
    return rows


_CRC = _table()
_seen = {}


def checksum(content):
    """What cksum prints of a content: checksum and size."""
    if content not in _seen:
        value, size = 0, len(content)
        tail = size.to_bytes((size.bit_length() + 7) // 8, "little")
        for byte in content + tail:
            value = ((value << 8) & 0xFFFFFFFF) ^ _CRC[(value >> 24) ^ byte]
        _seen[content] = (value ^ 0xFFFFFFFF, size)
    return _seen[content]
