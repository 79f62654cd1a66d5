# What a drill needs beside the product: processes that are ended by id, a workload that writes to a disk, and hashes.
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$LineTimeoutSeconds = 60
$MountTimeoutSeconds = 20

function Invoke-DrillTool {
    # Runs a program to its end and returns what it printed; its failure stops the drill.
    param([Parameter(Mandatory)] [string] $Name, [string[]] $Arguments = @(), [string] $InputLine)
    $output = if ($InputLine) { $InputLine | & $Name @Arguments } else { & $Name @Arguments }
    if ($LASTEXITCODE -ne 0) {
        throw "'$Name $($Arguments -join ' ')' failed with exit code $LASTEXITCODE. $output"
    }

    $output
}

function Start-DrillProcess {
    # Starts a program whose output goes to files, and returns its process.
    param([string] $FilePath, [string[]] $Arguments, [string] $LogPath)
    # Start-Process joins arguments as they are.
    $quoted = @($Arguments | ForEach-Object { if ($_ -match '\s') { "`"$_`"" } else { $_ } })
    Start-Process -FilePath $FilePath -ArgumentList $quoted -PassThru -NoNewWindow `
        -RedirectStandardOutput "$LogPath.out" -RedirectStandardError "$LogPath.err"
}

function Wait-DrillLine {
    # The first line of JSON a program prints; its end before that is an error, told with what it wrote.
    param([Diagnostics.Process] $Process, [string] $LogPath)
    $deadline = [DateTime]::UtcNow.AddSeconds($LineTimeoutSeconds)
    while ([DateTime]::UtcNow -lt $deadline) {
        $lines = @(Get-Content -LiteralPath "$LogPath.out" -ErrorAction SilentlyContinue)
        if ($lines.Count -gt 0) {
            return $lines[0] | ConvertFrom-Json
        }

        if ($Process.HasExited) {
            break
        }

        Start-Sleep -Milliseconds 100
    }

    throw "A program of the drill did not get ready: $(Get-Content -LiteralPath "$LogPath.err" -Raw -ErrorAction SilentlyContinue)"
}

function Stop-DrillProcess {
    # Ends a process by its id and waits until it is gone.
    param([Diagnostics.Process] $Process)
    if ($null -ne $Process -and -not $Process.HasExited) {
        Stop-Process -Id $Process.Id -Force
        $null = $Process.WaitForExit(30000)
    }
}

function Test-CanMount {
    # A real file system on the protected disk needs root, nbdfuse and loop devices.
    $tools = 'nbdfuse', 'losetup', 'mount', 'umount', 'fusermount3'
    $missing = @($tools | Where-Object { -not (Get-Command $_ -CommandType Application -ErrorAction SilentlyContinue) })
    $IsLinux -and (id -u) -eq '0' -and $missing.Count -eq 0
}

function New-DrillDisk {
    # A raw disk with an ext4 file system that holds some files.
    param([string] $Path, [long] $SizeBytes, [string] $FilesPath)
    $null = New-Item -ItemType Directory -Path $FilesPath -Force
    $random = [Random]::new(1)
    foreach ($i in 1..40) {
        $content = [byte[]]::new(1MB)
        $random.NextBytes($content)
        [IO.File]::WriteAllBytes((Join-Path $FilesPath "document-$i"), $content)
    }

    $stream = [IO.File]::Create($Path)
    $stream.SetLength($SizeBytes)
    $stream.Dispose()
    $places = 'mkfs.ext4', '/usr/sbin/mkfs.ext4', '/sbin/mkfs.ext4'
    $mkfs = @($places | Where-Object { Get-Command $_ -CommandType Application -ErrorAction SilentlyContinue })
    if ($mkfs.Count -eq 0) {
        throw "mkfs.ext4 is missing (Debian package e2fsprogs)."
    }

    $null = Invoke-DrillTool $mkfs[0] @('-q', '-F', '-d', $FilesPath, $Path)
}

function Mount-DrillDisk {
    # Mounts the export through nbdfuse and a loop device: every write of the file system passes the agent.
    param([string] $ExportUri, [string] $Path)
    $mount = [pscustomobject] @{
        Fuse = Join-Path $Path 'fuse'; Files = Join-Path $Path 'files'; Loop = $null; Process = $null; IsMounted = $false
    }
    $null = New-Item -ItemType Directory -Path $mount.Fuse, $mount.Files -Force
    $log = Join-Path $Path 'nbdfuse'
    $mount.Process = Start-DrillProcess nbdfuse @("$($mount.Fuse)/disk", $ExportUri) $log
    try {
        $deadline = [DateTime]::UtcNow.AddSeconds($MountTimeoutSeconds)
        while (-not (Test-Path "$($mount.Fuse)/disk")) {
            if ([DateTime]::UtcNow -gt $deadline -or $mount.Process.HasExited) {
                throw "nbdfuse did not mount ${ExportUri}: $(Get-Content "$log.err" -Raw)"
            }

            Start-Sleep -Milliseconds 100
        }

        $mount.Loop = Invoke-DrillTool losetup @('--find', '--show', "$($mount.Fuse)/disk")
        $null = Invoke-DrillTool mount @($mount.Loop, $mount.Files)
        $mount.IsMounted = $true
        $mount
    }
    catch {
        Dismount-DrillDisk $mount
        throw
    }
}

function Dismount-DrillDisk {
    # Undoes as much of Mount-DrillDisk as was done; everything written is on the disk afterwards.
    param($Mount)
    if ($Mount.IsMounted) {
        $null = Invoke-DrillTool umount @($Mount.Files)
        $Mount.IsMounted = $false
    }

    if ($Mount.Loop) {
        $null = Invoke-DrillTool losetup @('--detach', $Mount.Loop)
        $Mount.Loop = $null
    }

    if ($Mount.Process -and -not $Mount.Process.HasExited) {
        fusermount3 -u $Mount.Fuse 2> $null
        $null = $Mount.Process.WaitForExit(10000)
        Stop-DrillProcess $Mount.Process
    }
}

function Start-DrillWorkload {
    # Begins to write to the disk: files when it can be mounted, else blocks over NBD. Stop-DrillWorkload ends it.
    param([string] $ExportUri, [string] $Path, [string] $DiskTool, [int] $Seed, [long] $SizeBytes)
    $null = New-Item -ItemType Directory -Path $Path -Force
    $workload = [pscustomobject] @{ Mount = $null; Process = $null; StopFile = Join-Path $Path 'stop' }
    $log = Join-Path $Path 'workload'
    if (Test-CanMount) {
        $workload.Mount = Mount-DrillDisk $ExportUri $Path
        # Files come, change and go; now and then everything is forced out, as a database would.
        $script = Join-Path $Path 'workload.sh'
        @(
            'i=0'
            'while [ ! -e "$2" ]; do'
            '  i=$((i + 1))'
            '  head -c $((i * 7919 % 200000 + 1)) /dev/urandom > "$1/work-$((i % 40))"'
            '  [ $((i % 5)) -eq 0 ] && sync -f "$1"'
            '  [ $((i % 17)) -eq 0 ] && rm -f "$1/work-$((i % 13))"'
            '  sleep 0.02'
            'done'
        ) | Set-Content -LiteralPath $script
        $workload.Process = Start-DrillProcess sh @($script, $workload.Mount.Files, $workload.StopFile) $log
    }
    else {
        # The last quarter of the disk, which the file system of the drill does not use.
        $quarter = [long] ($SizeBytes / 4)
        $workload.Process = Start-DrillProcess $DiskTool @('write', '--uri', $ExportUri, '--seconds', '3600', '--rate', '2',
            '--seed', "$Seed", '--offset', "$($SizeBytes - $quarter)", '--length', "$quarter") $log
    }

    $workload
}

function Stop-DrillWorkload {
    # Ends the writing and leaves the disk quiet.
    param($Workload)
    if ($null -eq $Workload) {
        return
    }

    # The shell ends after the file it is at, so that nothing has the file system open any more.
    $null = New-Item -ItemType File -Path $Workload.StopFile -Force
    if ($Workload.Mount) {
        $null = $Workload.Process.WaitForExit(30000)
    }

    Stop-DrillProcess $Workload.Process
    if ($Workload.Mount) {
        Dismount-DrillDisk $Workload.Mount
    }
}

function Get-DrillHash {
    # SHA-256 of a disk, from a file or from an NBD export.
    param([string] $DiskTool, [string] $Path, [string] $Uri)
    $from = if ($Uri) { @('--uri', $Uri) } else { @('--path', $Path) }
    (Invoke-DrillTool $DiskTool (@('hash') + $from) | ConvertFrom-Json).sha256
}

function Write-DrillBlocks {
    # Writes random blocks to an export for some time.
    param([string] $DiskTool, [string] $Uri, [int] $Seed, [double] $Seconds, [long] $Offset, [long] $Length)
    $null = Invoke-DrillTool $DiskTool @('write', '--uri', $Uri, '--seconds', "$Seconds", '--rate', '4', '--seed', "$Seed",
        '--offset', "$Offset", '--length', "$Length")
}

Export-ModuleMember -Function Invoke-DrillTool, Start-DrillProcess, Wait-DrillLine, Stop-DrillProcess, Test-CanMount, New-DrillDisk,
    Start-DrillWorkload, Stop-DrillWorkload, Get-DrillHash, Write-DrillBlocks
