#!/bin/bash
# Builds the command line once per source state into artifacts/launcher/builds/STATE and points `current` at it.
# Called by ./cairn when something is newer than the stamp; prints nothing but one line, or the whole build when it fails.
set -euo pipefail
cd "$(dirname -- "$(readlink -f -- "$0")")/.."
home=$PWD/artifacts/launcher
builds=$home/builds
keep=2

mkdir -p "$builds"
exec 9>"$home/lock"
flock 9

# The stamp is older than every file this build reads, so that an edit made while it runs is newer.
touch "$home/stamp.new"
state=$(
    {
        uname -m
        find src eng/launcher.sh Directory.*.* global.json .editorconfig eng/BannedSymbols*.txt -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum --
    } | sha256sum | cut -c1-16
)
target=$builds/$state

if [ ! -x "$target/cairn" ]; then
    eng/bootstrap.sh build 9>&-
    [ -n "${CI-}" ] && [ ! -t 2 ] || echo 'building cairn (first use after a change, ~20 s)…' >&2
    fresh=$builds/.new
    rm -rf "$fresh"
    # No build server outlives this, and none inherits the lock.
    if ! dotnet publish src/Cairn.Cli -c Release \
        "-p:PublishDir=$fresh/" -nologo -v:minimal -nr:false 9>&- </dev/null >"$home/build.log" 2>&1; then
        cat "$home/build.log" >&2
        echo 'cairn: the build failed' >&2
        exit 3
    fi
    if ! "$fresh/cairn" version >>"$home/build.log" 2>&1; then
        cat "$home/build.log" >&2
        echo 'cairn: the build made a program that does not start' >&2
        exit 3
    fi
    mv -T "$fresh" "$target"
fi

# An apphost looks for .NET in its usual places only; another one is remembered for ./cairn.
dotnet=$(command -v dotnet || true)
if [ -n "$dotnet" ]; then
    place=$(dirname -- "$(readlink -f -- "$dotnet")")
    if [ "$place" = /usr/share/dotnet ] || [ "$place" = /usr/lib/dotnet ] || cat /etc/dotnet/install_location* 2>/dev/null | grep -qxF "$place"; then
        rm -f "$home/dotnet-root"
    else
        printf '%s\n' "$place" >"$home/dotnet-root.new"
        mv "$home/dotnet-root.new" "$home/dotnet-root"
    fi
fi

touch "$target" # the newest folders are the ones to keep
ln -sfn "builds/$state" "$home/current.new"
mv -T "$home/current.new" "$home/current"
mv "$home/stamp.new" "$home/stamp"

# Old builds go, except the last ones and any that a process still runs from.
running=$(find /proc -maxdepth 2 -name exe -printf '%l\n' 2>/dev/null || true)
ls -1t "$builds" | tail -n +$((keep + 1)) | while read -r old; do
    grep -qF "$builds/$old/" <<<"$running" || rm -rf "${builds:?}/$old"
done
