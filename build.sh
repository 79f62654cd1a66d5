#!/usr/bin/env bash
# Runs build.ps1 in pwsh, or where there is none in the project's own PowerShell host.
# Usage: ./build.sh [Task] [-Name value ...]     tasks: Build Test Demo Bench Package Soak Help Clean
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
task=Build
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
    task=$1
    shift
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 POWERSHELL_TELEMETRY_OPTOUT=1
# No build server outlives the build: what it started ends with it.
export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false

if ! command -v dotnet >/dev/null; then
    echo "build.sh: the .NET SDK 10 is needed and 'dotnet' is not on the PATH." >&2
    exit 1
fi
if ! dotnet --list-sdks | grep -q '^1[0-9]\.'; then
    echo "build.sh: the .NET SDK 10 or newer is needed; found: $(dotnet --list-sdks | tr '\n' ' ')" >&2
    exit 1
fi

if command -v pwsh >/dev/null; then
    exec pwsh -NoProfile -File "$root/build.ps1" -Task "$task" "$@"
fi

host_project="$root/tools/AsrPowerShellHost/AsrPowerShellHost.csproj"
if ! build_log=$(dotnet build "$host_project" -c Release -v q 2>&1); then
    printf '%s\n' "$build_log" >&2
    exit 1
fi
# A copy runs the build, so that the build can replace the host's own output.
host_copy="$root/out/pshost"
rm -rf "$host_copy"
cp -r "$root/out/bin/AsrPowerShellHost/Release/net10.0" "$host_copy"
exec "$host_copy/asr-pshost" -File "$root/build.ps1" -Task "$task" "$@"
