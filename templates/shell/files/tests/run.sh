#!/bin/sh
# Runs the tests; exits with 1 if one fails.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. ./lib/@@name@@.sh

failed=0

# is NAME EXPECTED ACTUAL
is() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
    else
        echo "FAILED: $1: expected '$2', not '$3'" >&2
        failed=1
    fi
}

is 'greet names who is greeted' 'Hello, World!' "$(@@name:snake@@_greet World)"
is 'greet takes a name with spaces' 'Hello, a b!' "$(@@name:snake@@_greet 'a b')"
@@if kind=app@@
is 'the program greets the world' 'Hello, World!' "$(bin/@@name@@)"
is 'the program takes a name' 'Hello, you!' "$(bin/@@name@@ you)"
@@end@@
exit "$failed"
