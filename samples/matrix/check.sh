#!/bin/sh
# check.sh PROGRAM: compares it with sort(1) on 5,000 numbers that are the same each time.
set -eu
awk 'BEGIN { srand(7); for (i = 0; i < 5000; i++) print int(rand() * 2000000) - 1000000 }' > "$1.in"
"$1" < "$1.in" > "$1.out"
sort -n "$1.in" | cmp - "$1.out"
