#!/bin/sh
# bench/peers/install.sh FOLDER: puts the tools that bench/peers/run.py measures beside cairn into FOLDER, or, what Debian has, into the system.
set -eu
folder=${1:?usage: bench/peers/install.sh FOLDER}
mkdir -p "$folder/npm" "$folder/vp" "$folder/node22"
if command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ninja-build make scons tup fuse3 bazel-bootstrap
fi
npm_install() { # FOLDER PACKAGE
    (cd "$folder/$1" && { [ -e package.json ] || npm init -y >/dev/null; } && npm install --no-audit --no-fund "$2")
}
npm_install npm turbo
npm_install vp vite-plus@1.0.0
npm_install node22 node@22
