BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $disk = Add-TestMachine $site web1
    $null = New-AsrPolicy gold -CrashConsistentFrequency 0:0:1
    $null = Enable-AsrReplication web1 -Policy gold -Wait
    $point = Get-AsrRecoveryPoint web1 -Latest
    $canAttach = $IsLinux -and (id -u) -eq 0 -and (Test-Path /dev/fuse) -and [bool] (Get-Command nbdfuse, losetup -ErrorAction SilentlyContinue)
}

AfterAll {
    Stop-TestSite $site
}

Describe 'Mount-AsrRecoveryPoint' {
    It 'mounts nothing with -WhatIf' {
        Mount-AsrRecoveryPoint web1 -WhatIf
        @(Get-AsrRecoveryPointMount).Count | Should -Be 0
    }

    It 'mounts a point from the pipeline, shows it readably, and ends it' {
        $mount = $point | Mount-AsrRecoveryPoint -For 2:0:0
        $mount.RecoveryPointId | Should -Be $point.Id
        $mount.Disks[0].ExportUri | Should -Match '^nbd'
        $mount.Disks[0].OverlayPath | Should -Exist
        ($mount.ExpiresAt - $mount.MountedAt).TotalHours | Should -Be 2
        (Get-AsrRecoveryPointMount w*).Id | Should -Be $mount.Id
        @(Get-AsrRecoveryPointMount nobody).Count | Should -Be 0
        Get-AsrRecoveryPointMount | Out-String -Width 160 | Should -Match 'web1 .*Private'
        Get-AsrRecoveryPointMount | Format-List | Out-String -Width 200 | Should -Match 'os: 1 MiB, nbd'
        $mount.Disks | Out-String -Width 160 | Should -Match 'os +1 MiB'
        Dismount-AsrRecoveryPoint $mount -WhatIf
        @(Get-AsrRecoveryPointMount).Count | Should -Be 1
        Get-AsrRecoveryPointMount | Dismount-AsrRecoveryPoint
        @(Get-AsrRecoveryPointMount).Count | Should -Be 0
        $mount.Disks[0].OverlayPath | Should -Not -Exist
    }

    It 'gives the content of the disk to other programs, read-only when asked' -Skip:(-not (Get-Command nbdcopy -ErrorAction SilentlyContinue)) {
        $mount = Mount-AsrRecoveryPoint web1 $point.Id -ReadOnly -Disk os
        $copy = Join-Path $TestDrive 'copy.img'
        & nbdcopy $mount.Disks[0].ExportUri $copy
        (Get-FileHash $copy).Hash | Should -Be $disk.Hash
        $mount.Disks[0].OverlayPath | Should -BeNullOrEmpty
        $mount | Dismount-AsrRecoveryPoint
    }

    It 'names what is not there' {
        { Mount-AsrRecoveryPoint nobody -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        { Mount-AsrRecoveryPoint web1 ([Guid]::NewGuid()) -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        { Mount-AsrRecoveryPoint web1 -Disk nosuch -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        { Dismount-AsrRecoveryPoint ([Guid]::NewGuid()) -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
    }

    It 'refuses arguments that make no sense' {
        { Mount-AsrRecoveryPoint web1 -For 30.0:0:0 } | Should -Throw -ErrorId 'InvalidArgument*'
        { Mount-AsrRecoveryPoint web1 -AttachWritable } | Should -Throw -ErrorId 'InvalidArgument*'
        { Mount-AsrRecoveryPoint web1 -AttachTo x -AttachWritable -ReadOnly } | Should -Throw -ErrorId 'InvalidArgument*'
    }

    It 'completes points, disks and mounts' {
        Get-TestCompletion 'Mount-AsrRecoveryPoint web1 -RecoveryPoint ' | Should -Contain "$($point.Id)"
        Get-TestCompletion 'Mount-AsrRecoveryPoint web1 -Disk ' | Should -Be 'os'
        $mount = Mount-AsrRecoveryPoint web1
        Get-TestCompletion 'Dismount-AsrRecoveryPoint ' | Should -Be "$($mount.Id)"
        Dismount-AsrRecoveryPoint "$($mount.Id)"
    }

    It 'attaches disks to the host, and a killed appliance leaves nothing of it after its next start' {
        if (-not $canAttach) {
            Set-ItResult -Skipped -Because 'it needs root, /dev/fuse and the Debian packages libnbd-bin and mount'
            return
        }
        $folder = Join-Path $TestDrive 'attached'
        $mount = Mount-AsrRecoveryPoint web1 $point -AttachTo $folder
        (Get-FileHash $mount.Disks[0].AttachedPath).Hash | Should -Be $disk.Hash
        Stop-Process -Id $site.Appliance.ProcessId -Force
        $overlay = $mount.Disks[0].OverlayPath
        $overlay | Should -Exist
        $site.Appliance = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $site.Path 'work')
        @(Get-AsrRecoveryPointMount).Count | Should -Be 0
        $overlay | Should -Not -Exist
        $folder | Should -Not -Exist
        Get-Content /proc/self/mountinfo | Where-Object { $_ -match [regex]::Escape($folder) } | Should -BeNullOrEmpty
    }

    It 'names the Debian package of a program that is missing' {
        if (-not $canAttach) {
            Set-ItResult -Skipped -Because 'it needs root'
            return
        }
        $path = $env:PATH
        try {
            $env:PATH = '/nowhere'
            Stop-AsrAppliance
            $site.Appliance = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $site.Path 'work')
        }
        finally {
            $env:PATH = $path
        }
        $problem = $null
        try { Mount-AsrRecoveryPoint web1 $point -AttachTo (Join-Path $TestDrive 'none') -ErrorAction Stop } catch { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -Match '^ToolMissing,'
        $problem.CategoryInfo.Category | Should -Be 'NotInstalled'
        $problem.ErrorDetails.RecommendedAction | Should -Match 'apt-get install libnbd-bin'
        @(Get-AsrRecoveryPointMount).Count | Should -Be 0
        Join-Path $TestDrive 'none' | Should -Not -Exist
    }
}
