#!/bin/bash
# Sourced inside a step of cairn.yaml, whose environment is built and not inherited: finds what .NET needs of the machine
# and keeps what a step's own empty HOME would throw away.
home=$(getent passwd "$(id -u)" | cut -d: -f6)
: "${CAIRN_PROJECT:=$PWD}"

# The user's package cache and feeds. MSBuild takes the second from the environment as a property.
export NUGET_PACKAGES=${NUGET_PACKAGES:-$home/.nuget/packages}
[ ! -r "$home/.nuget/NuGet/NuGet.Config" ] || export RestoreConfigFile="$home/.nuget/NuGet/NuGet.Config"

# A .NET that was installed for the user alone.
if ! command -v dotnet >/dev/null 2>&1 && [ -x "$home/.dotnet/dotnet" ]; then
    export DOTNET_ROOT=$home/.dotnet PATH=$PATH:$home/.dotnet
fi

export DOTNET_CLI_HOME=$CAIRN_PROJECT/artifacts/dotnet-home
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false NUGET_CERT_REVOCATION_MODE=offline

# Servers that outlive their command would be killed at the end of the step, and told of.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
