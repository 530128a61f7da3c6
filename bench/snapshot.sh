#!/bin/sh
# bench/snapshot.sh [FILES] [RUNS]: how long it takes to see that nothing changed: a hot `cairn run` whose step has every file as input, beside
# `git status` on the same tree, once with git's defaults and once with its cache of untracked files. Wants git, hyperfine, jq and Python 3.
# Results: artifacts/bench/snapshot.json
set -eu
cd "$(dirname -- "$(readlink -f -- "$0")")/.."
files=${1:-50000} runs=${2:-21}
results=$PWD/artifacts/bench
for tool in git hyperfine jq python3; do
    command -v $tool >/dev/null || { echo "bench: run apt-get install $tool" >&2; exit 3; }
done
./cairn version >/dev/null
cairn=$PWD/artifacts/launcher/current/cairn
mkdir -p "$results"
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
mkdir "$project/tree"
cd "$project/tree"

# As a large repository has them: 50 files in a folder, 20 such folders in one, a few KB each.
python3 - "$files" <<'END'
import os, random, sys
chance, count = random.Random(1), int(sys.argv[1])
for n in range(count):
    folder = f"d{n // 1000:03d}/d{n // 50 % 20:02d}"
    if n % 50 == 0:
        os.makedirs(folder)
    with open(f"{folder}/f{n % 50:02d}.txt", "wb") as file:
        file.write(b"%d\n" % n + bytes(chance.choices(b"abcdefgh \n", k=chance.randrange(100, 4000))))
END
cat >cairn.yaml <<'END'
version: 1
name: snapshot
steps:
  count: { run: "git ls-files | wc -l", isolation: process }
END
git init -q -b main
git add -A
git -c user.name=bench -c user.email=bench@example.invalid -c gc.auto=0 commit -qm tree
export XDG_CACHE_HOME="$project/cache" XDG_STATE_HOME="$project/state" XDG_CONFIG_HOME="$project/config"
# Files that were written this very second are read again, by git as by cairn.
sleep 2
git status --porcelain
"$cairn" run --quiet
sleep 2
"$cairn" run --quiet

hyperfine -N --warmup 3 --runs "$runs" --style none --export-json "$results/snapshot.json" \
    -n cairn "$cairn run --quiet" -n 'git status' 'git status --porcelain' \
    -n 'git status, untracked files cached' 'git -c core.untrackedCache=true status --porcelain' >/dev/null
hit=$("$cairn" run --json | jq -rs 'map(select(.type == "step.completed") | .cache.state) | join(" ")')
[ "$hit" = hit ] || { echo "bench: the step was not a hit but '$hit'" >&2; exit 1; }

jq -r --arg files "$files" '
  def ms: . * 10000 | round / 10;
  (.results | map({(.command): .median}) | add) as $m
  | "\($files) files",
    (.results[] | "\(.median | ms) ms  ±\(.stddev | ms)  \(.command)"),
    "cairn over git status: \($m.cairn / $m["git status"] * 100 | round / 100) (target <= 2)"
' "$results/snapshot.json"
