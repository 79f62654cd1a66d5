BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $disk = Add-TestMachine $site web1
    $null = New-AsrPolicy gold -CrashConsistentFrequency 0:0:1
    $null = Enable-AsrReplication web1 -Policy gold -Wait
    $point = Get-AsrRecoveryPoint web1 -Latest
    $folder = Join-Path $TestDrive 'exported'
}

AfterAll {
    Stop-TestSite $site
}

Describe 'Export-AsrRecoveryPoint' {
    It 'writes nothing with -WhatIf' {
        Export-AsrRecoveryPoint web1 -Path $folder -WhatIf
        $folder | Should -Not -Exist
        @(Get-AsrJob | Where-Object Operation -EQ ExportRecoveryPoint).Count | Should -Be 0
    }

    It 'writes the disks of a point from the pipeline and tells their hashes' {
        $job = $point | Export-AsrRecoveryPoint -Path $folder -Wait
        "$($job.State)" | Should -Be 'Succeeded'
        $job.Files.Count | Should -Be 1
        $job.Files[0].Path | Should -Be (Join-Path $folder 'os.raw')
        $job.Files[0].Sha256 | Should -Be $disk.Hash
        (Get-FileHash $job.Files[0].Path).Hash | Should -Be $disk.Hash
        $job.Files | Out-String -Width 160 | Should -Match 'os +Raw +1 MiB'
        $job | Format-List | Out-String -Width 300 | Should -Match 'SHA-256'
    }

    It 'does not replace a file unless it is forced' {
        { Export-AsrRecoveryPoint web1 -RecoveryPoint $point -Path $folder -Wait -ErrorAction Stop } | Should -Throw -ErrorId 'AlreadyExists*'
        "$((Export-AsrRecoveryPoint web1 -RecoveryPoint $point -Path $folder -Force -Wait).State)" | Should -Be 'Succeeded'
        @(Get-ChildItem $folder).Name | Should -Be 'os.raw'
    }

    It 'makes a VHD and a qcow2 file that qemu-img opens' {
        if (-not (Get-Command qemu-img -ErrorAction SilentlyContinue)) {
            Set-ItResult -Skipped -Because 'it needs qemu-img: install the Debian package qemu-utils'
            return
        }
        $vhd = Export-AsrRecoveryPoint web1 -RecoveryPoint $point -Format Vhd -Path $folder -Disk os -Wait
        $qcow2 = Export-AsrRecoveryPoint web1 -RecoveryPoint $point -Format Qcow2 -Path $folder -Disk os -Wait
        (Get-FileHash $vhd.Files[0].Path).Hash | Should -Be $vhd.Files[0].Sha256
        & qemu-img compare -f vpc -F qcow2 $vhd.Files[0].Path $qcow2.Files[0].Path
        $LASTEXITCODE | Should -Be 0
    }

    It 'names what is not there, and starts nothing' {
        $before = @(Get-AsrJob).Count
        { Export-AsrRecoveryPoint web1 -RecoveryPoint ([Guid]::NewGuid()) -Path $folder -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        { Export-AsrRecoveryPoint web1 -Disk nosuch -Path $folder -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        @(Get-AsrJob).Count | Should -Be $before
    }

    It 'completes formats, points and disks' {
        Get-TestCompletion 'Export-AsrRecoveryPoint web1 -Format ' | Should -Contain 'Vhd'
        Get-TestCompletion 'Export-AsrRecoveryPoint web1 -RecoveryPoint ' | Should -Contain "$($point.Id)"
        Get-TestCompletion 'Export-AsrRecoveryPoint web1 -Disk ' | Should -Be 'os'
    }
}

Describe 'Stopping an export' {
    BeforeAll {
        # A converter that begins and never ends.
        $tools = Join-Path $TestDrive 'tools'
        $null = New-Item -ItemType Directory -Path $tools
        Set-Content (Join-Path $tools 'qemu-img') "#!/bin/sh`nfor last; do :; done`n: > `"`$last`"`nexec sleep 1000"
        & chmod +x (Join-Path $tools 'qemu-img')
        $path = $env:PATH
        try {
            $env:PATH = "${tools}:$path"
            Stop-AsrAppliance
            $site.Appliance = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $site.Path 'work')
        }
        finally {
            $env:PATH = $path
        }
        $target = Join-Path $TestDrive 'stopped'
        function Test-Begun { @(Get-ChildItem $target -Filter '*.part' -ErrorAction SilentlyContinue).Count -eq 1 }
    }

    It 'by Stop-AsrJob takes back what it has written' {
        $job = Export-AsrRecoveryPoint web1 -RecoveryPoint $point -Format Qcow2 -Path $target
        Wait-TestCondition 'a part of a file' { Test-Begun }
        Get-TestCompletion 'Stop-AsrJob ' | Should -Contain "$($job.Id)"
        Stop-AsrJob $job -WhatIf
        "$((Get-AsrJob $job).State)" | Should -Be 'InProgress'
        $null = Stop-AsrJob $job
        $problem = $null
        try { Wait-AsrJob $job -ErrorAction Stop } catch { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -Match '^Cancelled,'
        $target | Should -Not -Exist
    }

    It 'by Ctrl-C takes it back before the prompt returns' {
        $shell = New-TestShell
        $null = $shell.AddCommand('Export-AsrRecoveryPoint').AddParameter('Machine', 'web1').AddParameter('Format', 'Qcow2').AddParameter('Path', $target)
        $null = $shell.AddParameter('Wait', $true).AddParameter('Connection', $site.Connection)
        $null = $shell.BeginInvoke()
        Wait-TestCondition 'a part of a file' { Test-Begun }
        $shell.Stop()
        "$($shell.InvocationStateInfo.State)" | Should -Be 'Stopped'
        $shell.Dispose()
        $target | Should -Not -Exist
        "$(@(Get-AsrJob | Where-Object Operation -EQ ExportRecoveryPoint)[0].State)" | Should -Be 'Cancelled'
    }
}

Describe 'Stop-AsrJob' {
    It 'leaves an ended job as it is, and names one that is not there' {
        $job = Get-AsrJob | Where-Object Operation -EQ EnableReplication
        "$((Stop-AsrJob $job).State)" | Should -Be 'Succeeded'
        { Stop-AsrJob ([Guid]::NewGuid()) -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
    }

    It 'refuses a job that changes the machine' {
        # Without its agent the job cannot end.
        Stop-Process -Id $site.Agents[0].Id -Force
        $job = Start-AsrResynchronization web1
        { Stop-AsrJob $job -ErrorAction Stop } | Should -Throw -ErrorId 'OperationNotAllowed*'
    }
}
