<#
.SYNOPSIS
Builds, tests and shows the product. Run it through ./build.sh, which finds a PowerShell to run it in.
.PARAMETER Task
Build  the solution, and the module ready for use in out/module/AsrModule
Test   Build, then every test; the last line is 'N passed, N failed, N skipped'
Demo   Build, then the drill of samples/Invoke-DrDrill.ps1
Bench  Build, then bench/AsrBench, which measures beside other programs; -Size and -Runs are for it
Package  the agent as one file for each processor, and the Debian packages of it, in out/packages; not part of Build or Test, since compiling ahead of time takes minutes
Soak   Build, then the tests with the trait Category=Soak, with ASR_SOAK=1
Help   Build: Get-Help's texts are made from docs/help, and a missing page or text ends the build
Clean  removes out
.PARAMETER Size
Size of the disk image that Bench measures on, for example 1GiB for a quick run.
.PARAMETER Runs
Runs of each workload of Bench; the median counts.
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Demo', 'Bench', 'Package', 'Soak', 'Help', 'Clean')]
    [string] $Task = 'Build',

    [ValidatePattern('^[1-9][0-9]*(MiB|GiB)$')]
    [string] $Size = '8GiB',

    [ValidateRange(1, 99)]
    [int] $Runs = 3
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$Root = $PSScriptRoot
$Out = Join-Path $Root 'out'
$ModulePath = Join-Path $Out 'module/AsrModule'
$ResultPath = Join-Path $Out 'test-results'

# Each tool that tests and demo make use of, and the Debian package that has it.
$ToolPackages = [ordered] @{
    nbdinfo      = 'libnbd-bin'
    nbdcopy      = 'libnbd-bin'
    nbdfuse      = 'libnbd-bin'
    nbdkit       = 'nbdkit'
    'qemu-img'   = 'qemu-utils'
    'qemu-io'    = 'qemu-utils'
    'mkfs.ext4'  = 'e2fsprogs'
    'mkfs.xfs'   = 'xfsprogs'
    fio          = 'fio'
    fusermount3  = 'fuse3'
    losetup      = 'mount'
    pgbench      = 'postgresql'
    node         = 'nodejs'
    npm          = 'npm'
}

# The programs that Bench measures beside the product.
$PeerPackages = [ordered] @{
    restic       = 'restic'
    borg         = 'borgbackup'
    lz4          = 'lz4'
    zstd         = 'zstd'
    openssl      = 'openssl'
    nbdkit       = 'nbdkit'
    nbdcopy      = 'libnbd-bin'
    fio          = 'fio'
    'qemu-nbd'   = 'qemu-utils'
    'mkfs.ext4'  = 'e2fsprogs'
    losetup      = 'mount'
    pgbench      = 'postgresql'
}

# What compiles and packs the agent.
$PackageTools = [ordered] @{
    gcc                     = 'gcc'
    'aarch64-linux-gnu-gcc' = 'crossbuild-essential-arm64'
    'dpkg-deb'              = 'dpkg'
}

function Invoke-Tool {
    # Runs a program, shows its output, and stops the build when it fails.
    param([string] $Name, [string[]] $Arguments)
    & $Name @Arguments | Out-Host
    if ($LASTEXITCODE -ne 0) {
        throw "'$Name $($Arguments -join ' ')' failed with exit code $LASTEXITCODE."
    }
}

function Invoke-Build {
    Invoke-Tool dotnet @('build', (Join-Path $Root 'Asr.slnx'), '-c', 'Release', '-v', 'quiet', '-nologo')
    New-ModuleLayout
    Write-Host "Module: $ModulePath"
}

function New-ModuleLayout {
    if (Test-Path $ModulePath) {
        Remove-Item $ModulePath -Recurse -Force
    }

    $null = New-Item -ItemType Directory -Path $ModulePath -Force
    $source = Join-Path $Root 'src/AsrModule'
    Copy-Item (Join-Path $Root 'AsrModule.psd1') $ModulePath
    Copy-Item (Join-Path $source 'AsrModule.psm1') $ModulePath
    Copy-Item (Join-Path $Out 'bin/AsrModule/Release/netstandard2.0/Asr*.dll') $ModulePath
    Get-ChildItem $source -Recurse -Filter '*.Format.ps1xml' | ForEach-Object { Copy-Item $_.FullName $ModulePath }
    & (Join-Path $Root 'tools/Build-Help.ps1') -ModulePath $ModulePath -PagesPath (Join-Path $Root 'docs/help')
    foreach ($project in 'AsrAgent', 'AsrProcessServer') {
        Invoke-Tool dotnet @(
            'publish', (Join-Path $Root "src/$project/$project.csproj"), '-c', 'Release', '--no-build',
            '-o', (Join-Path $ModulePath 'bin'), '-v', 'quiet', '-nologo')
    }
}

function Get-MissingPackage {
    param([System.Collections.IDictionary] $Tools)
    $sbin = '/usr/sbin', '/sbin'
    $missing = foreach ($tool in $Tools.Keys) {
        $inSbin = @($sbin | Where-Object { Test-Path (Join-Path $_ $tool) }).Count -gt 0
        if (-not $inSbin -and -not (Get-Command $tool -CommandType Application -ErrorAction SilentlyContinue)) {
            $Tools[$tool]
        }
    }
    @($missing | Select-Object -Unique)
}

function Install-MissingPackage {
    param([System.Collections.IDictionary] $Tools, [string] $Consequence)
    $packages = @(Get-MissingPackage -Tools $Tools)
    if ($packages.Count -eq 0) {
        return
    }

    $canInstall = $IsLinux -and (Get-Command apt-get -CommandType Application -ErrorAction SilentlyContinue) -and (id -u) -eq '0'
    if (-not $canInstall) {
        Write-Warning "$Consequence Missing Debian packages: $($packages -join ' ')"
        return
    }

    Write-Host "Installing Debian packages: $($packages -join ' ')"
    $env:DEBIAN_FRONTEND = 'noninteractive'
    apt-get update -qq | Out-Host
    apt-get install -y -qq --no-install-recommends @packages | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Write-Warning "apt-get failed with exit code $LASTEXITCODE. $Consequence"
    }
}

function Install-Azurite {
    # The emulator of Azure Storage, as tests/Azurite/package-lock.json pins it; fetched once, and again when that changes.
    $target = Join-Path $Out 'tools/azurite'
    $lock = Join-Path $Root 'tests/Azurite/package-lock.json'
    $installed = Join-Path $target 'node_modules/.package-lock.json'
    $isCurrent = (Test-Path $installed) -and (Test-Path "$target/package-lock.json") -and
        (Get-Content $lock -Raw) -eq (Get-Content "$target/package-lock.json" -Raw)
    if ($isCurrent) {
        return
    }

    if (-not (Get-Command npm -CommandType Application -ErrorAction SilentlyContinue)) {
        Write-Warning 'npm is missing: tests of the vault in Azure Storage will be skipped.'
        return
    }

    $null = New-Item -ItemType Directory -Path $target -Force
    Copy-Item (Join-Path $Root 'tests/Azurite/*.json') $target
    npm ci --prefix $target --ignore-scripts --no-audit --no-fund --loglevel=error | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Remove-Item $target -Recurse -Force
        Write-Warning "npm failed with exit code $LASTEXITCODE. Tests of the vault in Azure Storage will be skipped."
    }
}

function New-RunnerResult {
    param([string] $Name, [int] $Passed, [int] $Failed, [int] $Skipped, [string[]] $SkipReasons = @())
    [pscustomobject] @{ Name = $Name; Passed = $Passed; Failed = $Failed; Skipped = $Skipped; SkipReasons = $SkipReasons }
}

function New-DeadRunnerResult {
    # A runner that leaves no totals has failed, whatever its exit code.
    param([string] $Name, [int] $ExitCode)
    Write-Host "FAILED: $Name ended with exit code $ExitCode and left no totals."
    New-RunnerResult -Name $Name -Failed 1
}

function Invoke-UnitTest {
    # Runs one xunit project's executable and reads its totals from the result file.
    param([string] $Name, [string[]] $Filter = @())
    Write-Host "== $Name"
    $executable = Join-Path $Out "bin/$Name/Release/net10.0/$Name"
    $resultFile = Join-Path $ResultPath "$Name.xml"
    & $executable -noColor -noLogo -result-xml $resultFile @Filter | Out-Host
    $exitCode = $LASTEXITCODE
    if (-not (Test-Path $resultFile)) {
        return New-DeadRunnerResult -Name $Name -ExitCode $exitCode
    }

    $document = [xml] (Get-Content $resultFile -Raw)
    Get-UnitTestResult -Name $Name -Document $document -ExitCode $exitCode
}

function Get-UnitTestResult {
    param([string] $Name, [xml] $Document, [int] $ExitCode)
    $passed = $failed = $skipped = 0
    foreach ($assembly in $Document.SelectNodes('/assemblies/assembly')) {
        $passed += [int] $assembly.GetAttribute('passed')
        $failed += [int] $assembly.GetAttribute('failed') + [int] $assembly.GetAttribute('errors')
        $skipped += [int] $assembly.GetAttribute('skipped')
    }

    # A failure that no test owns (a crash after the last one, say) still counts.
    if ($ExitCode -ne 0 -and $failed -eq 0) {
        $failed = 1
    }

    $reasons = foreach ($test in $Document.SelectNodes('//test[@result="Skip"]')) {
        "$($test.GetAttribute('name')): $($test.SelectSingleNode('reason').InnerText.Trim())"
    }
    New-RunnerResult -Name $Name -Passed $passed -Failed $failed -Skipped $skipped -SkipReasons @($reasons)
}

function Get-PesterHost {
    # The PowerShell that runs Pester files: this one when it has Pester 5, else the project's host with its stand-in.
    $isOwnHost = $null -ne (Get-Command Invoke-Pester -CommandType Cmdlet -ErrorAction SilentlyContinue)
    $hasPester = @(Get-Module Pester -ListAvailable | Where-Object { $_.Version.Major -ge 5 }).Count -gt 0
    if ($isOwnHost -or $hasPester) {
        return [Environment]::ProcessPath
    }

    Join-Path $Out 'bin/AsrPowerShellHost/Release/net10.0/asr-pshost'
}

function Invoke-PesterTest {
    param([IO.FileInfo] $File, [string] $PesterHost)
    Write-Host "== $($File.Name)"
    $resultFile = Join-Path $ResultPath "$($File.Directory.Name).$($File.Name).json"
    & $PesterHost -NoProfile -File (Join-Path $Root 'tests/Invoke-PesterFile.ps1') -Path $File.FullName -ResultPath $resultFile | Out-Host
    $exitCode = $LASTEXITCODE
    if (-not (Test-Path $resultFile)) {
        return New-DeadRunnerResult -Name $File.Name -ExitCode $exitCode
    }

    $result = Get-Content $resultFile -Raw | ConvertFrom-Json
    $failed = $result.Failed
    if ($exitCode -ne 0 -and $failed -eq 0) {
        $failed = 1
    }

    New-RunnerResult -Name $File.Name -Passed $result.Passed -Failed $failed -Skipped $result.Skipped -SkipReasons @($result.SkipReasons)
}

function Get-UnitTestName {
    Get-ChildItem (Join-Path $Root 'tests') -Directory |
        Where-Object { Test-Path (Join-Path $_.FullName "$($_.Name).csproj") } |
        ForEach-Object { $_.Name }
}

function Initialize-ResultPath {
    if (Test-Path $ResultPath) {
        Remove-Item $ResultPath -Recurse -Force
    }

    $null = New-Item -ItemType Directory -Path $ResultPath -Force
}

function Invoke-Test {
    Install-MissingPackage -Tools $ToolPackages -Consequence 'Some tests will be skipped.'
    Install-Azurite
    Invoke-Build
    Initialize-ResultPath
    $env:ASR_MODULE_PATH = $ModulePath
    $pesterHost = Get-PesterHost
    $results = @(
        foreach ($name in Get-UnitTestName) {
            Invoke-UnitTest -Name $name
        }
        foreach ($file in Get-ChildItem (Join-Path $Root 'tests') -Recurse -File -Filter '*.Tests.ps1') {
            Invoke-PesterTest -File $file -PesterHost $pesterHost
        }
    )
    Write-Totals -Results $results
}

function Invoke-Soak {
    Install-Azurite
    Invoke-Build
    Initialize-ResultPath
    $env:ASR_SOAK = '1'
    $results = @(foreach ($name in Get-UnitTestName) { Invoke-UnitTest -Name $name -Filter '-trait', 'Category=Soak' })
    Write-Totals -Results $results
}

function Write-Totals {
    # The very last line is the totals of all runners; the exit code follows from it.
    param([object[]] $Results)
    $passed = $failed = $skipped = 0
    Write-Host ''
    foreach ($result in $Results) {
        $passed += $result.Passed
        $failed += $result.Failed
        $skipped += $result.Skipped
        Write-Host "$($result.Name): $($result.Passed) passed, $($result.Failed) failed, $($result.Skipped) skipped"
    }

    foreach ($reason in $Results | ForEach-Object { $_.SkipReasons }) {
        Write-Host "SKIPPED $reason"
    }

    Write-Host "$passed passed, $failed failed, $skipped skipped"
    if ($failed -gt 0 -or $passed -eq 0) {
        exit 1
    }
}

function Invoke-Demo {
    Install-MissingPackage -Tools $ToolPackages -Consequence 'The drill may lack a tool.'
    Invoke-Build
    $env:ASR_MODULE_PATH = $ModulePath
    & (Join-Path $Root 'samples/Invoke-DrDrill.ps1')
}

function Invoke-Bench {
    Install-MissingPackage -Tools $PeerPackages -Consequence 'Bench needs all of its peers and will fail.'
    Invoke-Build
    $executable = Join-Path $Out 'bin/AsrBench/Release/net10.0/asr-bench'
    Invoke-Tool $executable @(
        '--size', $Size, '--runs', $Runs, '--binaries', (Join-Path $ModulePath 'bin'),
        '--results', (Join-Path $Root 'docs/benchmarks.json'), '--page', (Join-Path $Root 'docs/benchmarks.md'))
}

function Invoke-Package {
    Install-MissingPackage -Tools $PackageTools -Consequence 'Package will fail.'
    $packages = Join-Path $Out 'packages'
    if (Test-Path $packages) {
        Remove-Item $packages -Recurse -Force
    }

    $version = ([xml] (Get-Content (Join-Path $Root 'Directory.Build.props') -Raw)).SelectSingleNode('/Project/PropertyGroup/Version').InnerText
    $architectures = [ordered] @{ 'linux-x64' = 'amd64'; 'linux-arm64' = 'arm64' }
    foreach ($runtime in $architectures.Keys) {
        $published = Join-Path $Out "package/$runtime/publish"
        Invoke-Tool dotnet @(
            'publish', (Join-Path $Root 'src/AsrAgent/AsrAgent.csproj'), '-c', 'Release', "-p:PackageFor=$runtime", '-o', $published, '-v', 'quiet', '-nologo')
        $package = & (Join-Path $Root 'tools/Build-AgentPackage.ps1') -Program (Join-Path $published 'asr-agent') `
            -Architecture $architectures[$runtime] -Version $version -OutputPath $packages
        Write-Host "Package: $package"
    }
}

switch ($Task) {
    'Build' { Invoke-Build }
    'Test' { Invoke-Test }
    'Demo' { Invoke-Demo }
    'Bench' { Invoke-Bench }
    'Package' { Invoke-Package }
    'Soak' { Invoke-Soak }
    'Help' { Invoke-Build }
    'Clean' { if (Test-Path $Out) { Remove-Item $Out -Recurse -Force } }
}
