<#
.SYNOPSIS
A whole disaster-recovery drill on one machine: protect, test, fail over, change the point, cancel, fail over, fail back, and recover from
the vault alone.
.DESCRIPTION
Makes a disk with an ext4 file system, replicates it while it is being written to, and compares SHA-256 of source and copy at every step. As
root the file system is mounted through nbdfuse and files are written to it; else blocks are written over NBD. Prints a table at the end; any
mismatch makes the exit code 1. Everything it starts is ended by its id and everything it makes is removed.
.PARAMETER WorkPath
An empty or new folder for vault, disk and logs.
.PARAMETER DiskMiB
Size of the disk.
.PARAMETER ControlPort
Port of the appliance for module and agents; 0 takes a free one.
.PARAMETER DataPort
Port of the appliance for data; 0 takes a free one.
.PARAMETER ModulePath
Folder of the built module.
.PARAMETER DiskTool
The program asr-disktool.
.EXAMPLE
./samples/Invoke-DrDrill.ps1
#>
[CmdletBinding()]
param(
    [string] $WorkPath = (Join-Path ([IO.Path]::GetTempPath()) "asr-drill-$PID"),
    [ValidateRange(128, 65536)] [int] $DiskMiB = 256,
    [ValidateRange(0, 65535)] [int] $ControlPort = 0,
    [ValidateRange(0, 65535)] [int] $DataPort = 0,
    [string] $ModulePath = $(if ($env:ASR_MODULE_PATH) { $env:ASR_MODULE_PATH } else { Join-Path $PSScriptRoot '../out/module/AsrModule' }),
    [string] $DiskTool = (Join-Path $PSScriptRoot '../out/bin/AsrDiskTool/Release/net10.0/asr-disktool')
)

Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $ModulePath 'AsrModule.psd1')
Import-Module (Join-Path $PSScriptRoot 'DrillTools.psm1')

$Name = 'drill'
$DiskBytes = $DiskMiB * 1MB
$PointSeconds = 2
$StateTimeoutSeconds = 120
$FailbackShareMax = 0.05
$Report = [Collections.Generic.List[object]]::new()
$Agent = $null
$Workload = $null
$Appliance = $null

function Add-Step {
    # One row of the table: a job tells its time and bytes, two hashes whether the copy is right.
    param([string] $Step, $Job, [string] $SourceHash, [string] $CopyHash, [string] $Rpo, [string] $Rto, [bool] $IsRight = $true)
    $bytes = if ($Job) { Get-MovedBytes $Job }
    $row = [pscustomobject] @{
        Step    = $Step
        Result  = if ($IsRight -and $SourceHash -eq $CopyHash) { 'ok' } else { 'WRONG' }
        Moved   = if ($bytes) { [Asr.Module.Display]::Bytes($bytes) }
        Seconds = if ($Job) { '{0:0.0}' -f ($Job.EndTime - $Job.StartTime).TotalSeconds }
        RPO     = $Rpo
        RTO     = $Rto
        Source  = if ($SourceHash) { $SourceHash.Substring(0, 12) }
        Copy    = if ($CopyHash) { $CopyHash.Substring(0, 12) }
    }
    $Report.Add($row)
    Write-Host ('{0,-6} {1}' -f $row.Result, $Step)
}

function Get-MovedBytes {
    param($Job)
    [long] ($Job.Tasks | Measure-Object -Property BytesMoved -Sum).Sum
}

function Get-Loss {
    # What was lost by going to this copy: the time from its point to the moment the failover was asked for.
    param($Copy, $Job)
    [Asr.Module.Display]::Duration([Math]::Max(0, ($Job.StartTime - $Copy.RecoveryPointTime).TotalSeconds))
}

function Get-Recovery {
    param($Copy)
    [Asr.Module.Display]::Duration($Copy.RtoSeconds)
}

function Wait-State {
    param([string] $Wanted)
    $deadline = [DateTime]::UtcNow.AddSeconds($StateTimeoutSeconds)
    do {
        $machine = Get-AsrReplicatedMachine $Name
        if ("$($machine.State)" -eq $Wanted) {
            return
        }

        Start-Sleep -Milliseconds 200
    } while ([DateTime]::UtcNow -lt $deadline)
    throw "The machine is $($machine.State), not $Wanted, after $StateTimeoutSeconds s."
}

function Start-Agent {
    $log = Join-Path $WorkPath 'agent-run'
    $process = Start-DrillProcess (Join-Path $ModulePath 'bin/asr-agent') @(
        'run', '--state', $AgentState, '--disk', "os=$Source@tcp:127.0.0.1:0") $log
    try {
        [pscustomobject] @{ Process = $process; ExportUri = (Wait-DrillLine $process $log).disks[0].exportUri }
    }
    catch {
        Stop-DrillProcess $process
        throw
    }
}

function Start-Work {
    param([int] $Seed)
    $script:Workload = Start-DrillWorkload $Agent.ExportUri (Join-Path $WorkPath "work-$Seed") $DiskTool $Seed $DiskBytes
}

function Stop-Work {
    Stop-DrillWorkload $Workload
    $script:Workload = $null
}

function Write-Work {
    # Lets the workload write for a while and leaves the disk quiet.
    param([int] $Seed)
    Start-Work $Seed
    Start-Sleep -Seconds 2
    Stop-Work
}

function New-Point {
    # A point of the disk as it is now: nothing is writing.
    $null = New-AsrRecoveryPoint $Name -Wait
    Get-AsrRecoveryPoint $Name | Where-Object Reason -eq OnDemand | Select-Object -First 1
}

function Get-SourceHash { Get-DrillHash -DiskTool $DiskTool -Path $Source }

function Get-CopyHash {
    param($Copy)
    Get-DrillHash -DiskTool $DiskTool -Uri $Copy.Disks[0].ExportUri
}

function Invoke-Setup {
    # A vault, an appliance, a policy, and an agent that serves the disk.
    $null = New-Item -ItemType Directory -Path (Split-Path $Source), $AgentState -Force
    New-DrillDisk $Source $DiskBytes (Join-Path $WorkPath 'content')
    $null = New-AsrVault -Path $Vault -Passphrase $Passphrase | Connect-AsrVault -Passphrase $Passphrase
    $script:Appliance = Start-AsrAppliance -ControlPort $ControlPort -DataPort $DataPort -WorkPath $ApplianceWork
    $null = New-AsrPolicy -Name gold -CrashConsistentFrequency ([TimeSpan]::FromSeconds($PointSeconds)) -Retention 1.0:0:0
    $token = New-AsrEnrollmentToken -ValidHours 1
    $null = Invoke-DrillTool -InputLine $token.Token -Name (Join-Path $ModulePath 'bin/asr-agent') -Arguments @(
        'enroll', '--appliance', $Appliance.ControlEndpoint, '--state', $AgentState, '--name', $Name)
    $script:Agent = Start-Agent
    Wait-State Discovered
    Add-Step 'vault, appliance, policy, agent'
}

function Invoke-Protection {
    # The first copy, while the disk is being written to; then changes as they come.
    Start-Work 1
    $job = Enable-AsrReplication $Name -Policy gold -Wait
    Wait-State Protected
    Add-Step 'initial replication, disk in use' $job
    Start-Sleep -Seconds (3 * $PointSeconds)
    $points = @(Get-AsrRecoveryPoint $Name)
    $machine = Get-AsrReplicatedMachine $Name
    Add-Step "delta replication, $($points.Count) recovery points" -Rpo ([Asr.Module.Display]::Duration($machine.RpoSeconds)) -IsRight ($points.Count -gt 1)
}

function Invoke-PointReading {
    # One point, read in two ways that neither the machine nor its replication notices.
    $point = Get-AsrRecoveryPoint $Name -Latest
    $job = $point | Export-AsrRecoveryPoint -Path (Join-Path $WorkPath 'export') -Wait
    $mount = $point | Mount-AsrRecoveryPoint -ReadOnly
    Add-Step 'point mounted, equals its exported file' $job $job.Files[0].Sha256 (Get-CopyHash $mount)
    $mount | Dismount-AsrRecoveryPoint
}

function Invoke-TestFailover {
    # A copy of the running machine, twice: the export that is readable at once, and the materialised file.
    $folder = Join-Path $WorkPath 'test'
    $job = Start-AsrTestFailover $Name -Path $folder -Wait
    $copy = (Get-AsrReplicatedMachine $Name).TestFailover
    $file = (Get-FileHash -LiteralPath $copy.Disks[0].Path -Algorithm SHA256).Hash.ToLowerInvariant()
    Add-Step 'test failover, export equals file' $job (Get-CopyHash $copy) $file (Get-Loss $copy $job) (Get-Recovery $copy)
    $job = Stop-AsrTestFailover $Name -Wait
    $isClean = -not (Test-Path $folder) -or @(Get-ChildItem $folder).Count -eq 0
    Add-Step 'test failover cleaned up' $job -IsRight $isClean
}

function Invoke-UnplannedFailover {
    # Fail over without the source, go to an earlier point, and take it all back.
    Stop-Work
    $earlier = New-Point
    $earlierHash = Get-SourceHash
    Write-Work 2
    $null = New-Point
    $latestHash = Get-SourceHash

    $job = Start-AsrFailover $Name -Wait -Confirm:$false
    $copy = (Get-AsrReplicatedMachine $Name).Failover
    Add-Step 'unplanned failover, latest point' $job $latestHash (Get-CopyHash $copy) (Get-Loss $copy $job) (Get-Recovery $copy)
    $job = Set-AsrFailoverRecoveryPoint $Name -RecoveryPoint $earlier -Wait -Confirm:$false
    $copy = (Get-AsrReplicatedMachine $Name).Failover
    Add-Step 'changed to an earlier point' $job $earlierHash (Get-CopyHash $copy) -Rto (Get-Recovery $copy)
    $job = Undo-AsrFailover $Name -Wait -Confirm:$false
    Wait-State Protected
    Add-Step 'failover cancelled, source goes on' $job $latestHash (Get-SourceHash)
}

function Invoke-PlannedFailover {
    # The source is stopped and its last change taken; then the machine runs at the recovery site for good.
    Write-Work 3
    $job = Start-AsrFailover $Name -Planned -Path (Join-Path $WorkPath 'recovered') -Wait -Confirm:$false
    $copy = (Get-AsrReplicatedMachine $Name).Failover
    Add-Step 'planned failover' $job (Get-SourceHash) (Get-CopyHash $copy) '0.0 s' (Get-Recovery $copy)
    Add-Step 'committed' (Confirm-AsrFailover $Name -Wait -Confirm:$false)
}

function Invoke-Failback {
    # The recovered machine writes, is protected, and goes home; only what differs travels.
    $region = [long] ($DiskBytes / 64)
    $offset = $DiskBytes - 2 * $region
    $copy = (Get-AsrReplicatedMachine $Name).Failover
    Write-DrillBlocks $DiskTool $copy.Disks[0].ExportUri 4 2 $offset $region
    Add-Step 'replicated back from recovery site' (Start-AsrReprotect $Name -Wait)
    Wait-State ReverseProtected
    $copy = (Get-AsrReplicatedMachine $Name).Failover
    Write-DrillBlocks $DiskTool $copy.Disks[0].ExportUri 5 1 $offset $region
    $recovered = Get-CopyHash $copy
    $job = Invoke-AsrFailback $Name -Wait -Confirm:$false
    $share = (Get-MovedBytes $job) / $DiskBytes
    Wait-State Protected
    Add-Step ('failed back, {0:0.0} % of the disk moved' -f (100 * $share)) $job $recovered (Get-SourceHash) '0.0 s' -IsRight ($share -lt $FailbackShareMax)
}

function Invoke-Disaster {
    # Appliance, its folder, agent and source disk are gone. The vault and its passphrase are left.
    Write-Work 6
    $point = New-Point
    $lostHash = Get-SourceHash
    Stop-DrillProcess $Agent.Process
    $dead = Get-Process -Id $Appliance.ProcessId
    Stop-Process -Id $dead.Id -Force
    $null = $dead.WaitForExit(30000)
    $script:Appliance = $null
    Remove-Item -LiteralPath (Split-Path $Source), $AgentState, $ApplianceWork -Recurse -Force
    Disconnect-AsrVault

    $null = Connect-AsrVault -Path $Vault -Passphrase $Passphrase
    $script:Appliance = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $WorkPath 'appliance-2')
    $found = @(Get-AsrRecoveryPoint $Name | Where-Object Id -eq $point.Id)
    Add-Step 'all but the vault lost: points are listed' -IsRight ($found.Count -eq 1)
    $job = Start-AsrFailover $Name -RecoveryPoint $point -Path (Join-Path $WorkPath 'rescued') -Wait -Confirm:$false
    $copy = (Get-AsrReplicatedMachine $Name).Failover
    Add-Step 'recovered from the vault alone' $job $lostHash (Get-CopyHash $copy) (Get-Loss $copy $job) (Get-Recovery $copy)
}

function Clear-Drill {
    # Ends and removes whatever is left, each in its own try: one failure must not keep the rest.
    foreach ($ending in @(
            { Stop-Work }
            { if ($Agent) { Stop-DrillProcess $Agent.Process } }
            { if ($Appliance) { Stop-AsrAppliance } }
            { if ($Appliance) { Stop-DrillProcess (Get-Process -Id $Appliance.ProcessId -ErrorAction SilentlyContinue) } }
            { Disconnect-AsrVault -ErrorAction SilentlyContinue }
            { Remove-Item -LiteralPath $WorkPath -Recurse -Force })) {
        try {
            & $ending
        }
        catch {
            Write-Warning "While clearing up: $_"
        }
    }
}

if ((Test-Path $WorkPath) -and @(Get-ChildItem $WorkPath).Count -gt 0) {
    throw "The folder '$WorkPath' is not empty."
}

$null = New-Item -ItemType Directory -Path $WorkPath -Force
$WorkPath = Convert-Path $WorkPath
$Source = Join-Path $WorkPath 'source/disk.img'
$AgentState = Join-Path $WorkPath 'agent'
$ApplianceWork = Join-Path $WorkPath 'appliance'
$Vault = Join-Path $WorkPath 'vault'
$Passphrase = ConvertTo-SecureString ([Guid]::NewGuid().ToString()) -AsPlainText -Force
$isComplete = $false
try {
    $way = if (Test-CanMount) { 'mounted as ext4, files are being written to it' } else { 'being written to over NBD' }
    Write-Host "A drill in $WorkPath with a disk of $DiskMiB MiB, $way."
    Invoke-Setup
    Invoke-Protection
    Invoke-PointReading
    Invoke-TestFailover
    Invoke-UnplannedFailover
    Invoke-PlannedFailover
    Invoke-Failback
    Invoke-Disaster
    $isComplete = $true
}
catch {
    Write-Host "The drill ended early: $_"
    Write-Host $_.ScriptStackTrace
    Get-AsrEvent -Newest 10 -ErrorAction SilentlyContinue | Format-List Time, Severity, Code, Message | Out-Host
}
finally {
    Clear-Drill
}

$Report | Format-Table Step, Result, Moved, Seconds, RPO, RTO, Source, Copy | Out-Host
$wrong = @($Report | Where-Object Result -ne 'ok').Count
if (-not $isComplete -or $wrong -gt 0) {
    Write-Host 'The drill FAILED.'
    exit 1
}

Write-Host 'Every copy equals its source. Source and Copy show the first 12 digits of the SHA-256 of the whole disk.'
