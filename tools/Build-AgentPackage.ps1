<#
.SYNOPSIS
Makes a Debian package of the mobility agent with dpkg-deb, and gives its path.
.PARAMETER Program
The agent as one file.
.PARAMETER Architecture
Debian's name of the processor the program is for: amd64 or arm64.
.PARAMETER Version
Version of the package.
.PARAMETER OutputPath
Folder for the package.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Program,
    [Parameter(Mandatory)] [ValidateSet('amd64', 'arm64')] [string] $Architecture,
    [Parameter(Mandatory)] [string] $Version,
    [Parameter(Mandatory)] [string] $OutputPath
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$repository = Split-Path $PSScriptRoot
$package = Join-Path $OutputPath "asr-agent_${Version}_$Architecture.deb"
$tree = Join-Path $OutputPath "asr-agent_$Architecture"

function Add-File {
    param([string] $Source, [string] $Target, [string] $Mode)
    & install -D -m $Mode $Source (Join-Path $tree $Target)
    if ($LASTEXITCODE -ne 0) {
        throw "'$Source' could not be put at '$Target'."
    }
}

if (Test-Path $tree) {
    Remove-Item $tree -Recurse -Force
}

Add-File -Source $Program -Target 'usr/lib/asr-agent/asr-agent' -Mode 0755
Add-File -Source (Join-Path $repository 'packaging/systemd/asr-agent.service') -Target 'usr/lib/systemd/system/asr-agent.service' -Mode 0644
Add-File -Source (Join-Path $repository 'packaging/agent.json') -Target 'etc/asr-agent/agent.json' -Mode 0640
Add-File -Source (Join-Path $repository 'docs/agent.md') -Target 'usr/share/doc/asr-agent/agent.md' -Mode 0644
Add-File -Source (Join-Path $repository 'CHANGELOG.md') -Target 'usr/share/doc/asr-agent/CHANGELOG.md' -Mode 0644
$null = New-Item -ItemType Directory -Path (Join-Path $tree 'usr/bin') -Force
& ln -s ../lib/asr-agent/asr-agent (Join-Path $tree 'usr/bin/asr-agent')

$debian = Join-Path $repository 'packaging/debian'
foreach ($script in 'preinst', 'postinst', 'prerm', 'postrm') {
    Add-File -Source (Join-Path $debian $script) -Target "DEBIAN/$script" -Mode 0755
}

Add-File -Source (Join-Path $debian 'conffiles') -Target 'DEBIAN/conffiles' -Mode 0644
$kibibytes = [math]::Ceiling((Get-Item $Program).Length / 1KB)
$control = (Get-Content (Join-Path $debian 'control.in') -Raw).Replace('@VERSION@', $Version).Replace('@ARCHITECTURE@', $Architecture).Replace('@SIZE@', "$kibibytes")
[IO.File]::WriteAllText((Join-Path $tree 'DEBIAN/control'), $control)

# The umask of whoever builds must not close folders of the system.
& chmod -R 'u=rwX,go=rX' (Join-Path $tree 'DEBIAN') (Join-Path $tree 'usr') (Join-Path $tree 'etc')
& chmod 0750 (Join-Path $tree 'etc/asr-agent')
& chmod 0640 (Join-Path $tree 'etc/asr-agent/agent.json')
& dpkg-deb --build --root-owner-group $tree $package | Out-Null
if ($LASTEXITCODE -ne 0) {
    throw "dpkg-deb failed with exit code $LASTEXITCODE."
}

Remove-Item $tree -Recurse -Force
$package
