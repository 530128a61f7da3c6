#!/bin/sh
# Fails with 75 ("try again later") until its third attempt: like a service that comes up late.
set -eu
echo "attempt $CAIRN_ATTEMPT"
[ "$CAIRN_ATTEMPT" -ge 3 ] || exit 75
