#!/bin/sh
# bench/startup.sh [RUNS]: what it costs to start cairn. Wants hyperfine and jq; compares with node where it is there.
# Results: artifacts/bench/startup.json
set -eu
cd "$(dirname -- "$(readlink -f -- "$0")")/.."
runs=${1:-50}
results=$PWD/artifacts/bench
for tool in hyperfine jq; do
    command -v $tool >/dev/null || { echo "bench: run apt-get install $tool" >&2; exit 3; }
done
./cairn version >/dev/null
cairn=$PWD/artifacts/launcher/current/cairn
launcher=$PWD/cairn
mkdir -p "$results"
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT

# One step, and a script that does the same: run it, keep its output and its exit code.
cat >"$project/cairn.yaml" <<'END'
version: 1
steps:
  only: { run: echo done, isolation: process }
END
cat >"$project/script.sh" <<'END'
mkdir -p out
sh -eu -c 'echo done' >out/log 2>&1 </dev/null
echo $? >out/status
END

cd "$project"
set -- -n 'cairn version' "$cairn version" -n './cairn version' "$launcher version" -n 'a shell' "sh -c :" \
    -n 'cairn run, one step' "$cairn run --quiet" -n 'a script, one step' "sh script.sh"
if command -v node >/dev/null; then set -- "$@" -n 'node -e 0' "$(readlink -f "$(command -v node)") -e 0"; fi
hyperfine -N --warmup 5 --runs "$runs" --style none --export-json "$results/startup.json" "$@" >/dev/null

jq -r '
  def ms: . * 100000 | round / 100;
  (.results | map({(.command): .median}) | add) as $m
  | (.results[] | "\(.median | ms) ms  ±\(.stddev | ms)  \(.command)"),
    "",
    "./cairn over cairn: \(($m["./cairn version"] - $m["cairn version"]) | ms) ms (target < 15)",
    if $m["node -e 0"] then "cairn version over node -e 0: \($m["cairn version"] / $m["node -e 0"] * 100 | round / 100) (target <= 0.9)" else empty end,
    "one step over a script: \(($m["cairn run, one step"] - $m["a script, one step"]) | ms) ms"
' "$results/startup.json"
