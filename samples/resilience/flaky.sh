#!/bin/sh
# Fails with 75 ("try again later") until it was called often enough: like a service that comes up late.
set -eu
count=$(($(cat build/calls 2>/dev/null || echo 0) + 1))
mkdir -p build
echo "$count" > build/calls
echo "call $count"
[ "$count" -ge 3 ] || exit 75
