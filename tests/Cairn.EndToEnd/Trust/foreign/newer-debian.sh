#!/bin/sh
# newer-debian.sh FOLDER PACKAGE: unpacks a package of Debian's testing suite into FOLDER/root. apt checks the signatures, in a configuration of its own: nothing of the machine's is touched.
set -eu
folder=$1
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -m1 '/debian/*$')
mkdir -p "$folder/etc" "$folder/state/lists/partial" "$folder/cache/archives/partial" "$folder/root"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror testing main" >"$folder/etc/sources.list"
# A machine's clock may run ahead of what a mirror has: how old the release is does not matter here.
cat >"$folder/apt.conf" <<EOF
Dir::Etc "$folder/etc";
Dir::State "$folder/state";
Dir::State::status "/dev/null";
Dir::Cache "$folder/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
EOF
export APT_CONFIG="$folder/apt.conf"
cd "$folder"
apt-get -qq update
apt-get -qq download "$2"
dpkg -x "$2"_*.deb root
