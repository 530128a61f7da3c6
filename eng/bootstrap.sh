#!/bin/sh
# bootstrap.sh build|test: makes sure that what a build (or the whole check) needs is on the machine.
# Installs it as root on Debian and Ubuntu; elsewhere prints the command to run and exits 3.
set -eu
sdk=dotnet-sdk-10.0
packages=
missing=

need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null 2>&1 || { packages="$packages $2" missing="$missing $1"; }
}

has_sdk() {
    command -v dotnet >/dev/null 2>&1 && dotnet --list-sdks 2>/dev/null | grep -q '^10\.0\.'
}

need git git
need flock util-linux
need find findutils
case ${1-} in
    build) ;;
    test)
        need gcc gcc
        need make make
        # Languages of `cairn new`, whose projects the tests run.
        need g++ g++
        need cmake cmake
        need node nodejs
        need npm npm
        need prove perl
        need go golang-go
        need cargo cargo
        need ruby ruby
        need rake rake
        need php php-cli
        need python3 python3-minimal
        need tmux tmux
        need ps procps
        need strace strace
        need faketime faketime
        [ -n "$(find /usr/lib -path "*/faketime/libfaketimeMT.so.1" 2>/dev/null | head -n 1)" ] || { packages="$packages libfaketime" missing="$missing libfaketime"; }
        need bwrap bubblewrap
        need gpgv gpgv
        need slirp4netns slirp4netns
        need ip iproute2
        # What others make and sign, which toolchains are made of.
        need minisign minisign
        need umoci umoci
        need skopeo skopeo
        need busybox busybox-static
        need zsh zsh
        need fish fish
        need protoc protobuf-compiler
        [ -e /usr/include/google/protobuf/any.proto ] || [ ! -e /etc/debian_version ] ||
            { packages="$packages libprotobuf-dev" missing="$missing google/protobuf/any.proto"; }
        ;;
    *) echo "usage: $0 build|test" >&2; exit 2 ;;
esac
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ -n "${SSL_CERT_FILE-}" ] || [ ! -e /etc/debian_version ] ||
    { packages="$packages ca-certificates" missing="$missing ca-certificates"; }
has_sdk || { packages="$packages $sdk" missing="$missing $sdk"; }
[ -n "$missing" ] || exit 0

echo "cairn: this machine lacks$missing" >&2
if ! command -v apt-get >/dev/null 2>&1; then
    echo "cairn: install$missing with the machine's package manager; .NET: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
    exit 3
fi
if [ "$(id -u)" != 0 ]; then
    echo "cairn: run this, then try again: sudo apt-get update && sudo apt-get install -y --no-install-recommends$packages" >&2
    exit 3
fi
echo "cairn: installing$packages" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt-get update >"$log" 2>&1 || true # one broken source need not hide the others; the install tells
case $packages in
    *"$sdk"*)
        if ! apt-cache show "$sdk" >/dev/null 2>&1; then
            # shellcheck disable=SC1091 # the machine's own file
            . /etc/os-release
            echo "cairn: no configured package source has $sdk. Microsoft's has; to add it, run:" >&2
            echo "  curl -fsSLo packages-microsoft-prod.deb https://packages.microsoft.com/config/$ID/$VERSION_ID/packages-microsoft-prod.deb &&" \
                "dpkg -i packages-microsoft-prod.deb && apt-get update && apt-get install -y$packages" >&2
            exit 3
        fi
        ;;
esac
# shellcheck disable=SC2086 # a list of names
if ! DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages >"$log" 2>&1; then
    cat "$log" >&2
    echo "cairn: apt-get could not install$packages" >&2
    exit 3
fi
has_sdk || { echo "cairn: $sdk is installed, but \`dotnet --list-sdks\` shows no 10.0" >&2; exit 3; }
