#!/bin/sh
# bench/snapshot.sh [FILES] [RUNS]: how long it takes to see that nothing changed: a hot `cairn run` whose step has every file as input, beside
# `git status` on the same tree, once with git's defaults and once with its cache of untracked files. Wants git, hyperfine and jq.
# Results: artifacts/bench/snapshot.json
set -eu
cd "$(dirname -- "$(readlink -f -- "$0")")/.."
files=${1:-50000} runs=${2:-21}
results=$PWD/artifacts/bench
for tool in git hyperfine jq; do
    command -v $tool >/dev/null || { echo "bench: run apt-get install $tool" >&2; exit 3; }
done
./cairn version >/dev/null
cairn=$PWD/artifacts/launcher/current/cairn
mkdir -p "$results"
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
mkdir "$project/tree"
cd "$project/tree"

# As a large repository has them: folders of 50 files, 20 of those in each folder above, a few KB each.
python3 - "$files" <<'END'
import os, random, sys
chance, count = random.Random(1), int(sys.argv[1])
for n in range(count):
    folder = f"d{n // 1000:03d}/d{n // 50 % 20:02d}"
    if n % 50 == 0:
        os.makedirs(folder)
    with open(f"{folder}/f{n % 50:02d}.txt", "wb") as file:
        file.write(b"%d\n" % n + bytes(chance.choices(b"abcdefgh \n", k=chance.randrange(100, 4000))))
