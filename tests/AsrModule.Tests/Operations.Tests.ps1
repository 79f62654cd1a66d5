BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $disk = Add-TestMachine $site web1
    $null = New-AsrPolicy gold -CrashConsistentFrequency 0:0:1
}

AfterAll {
    Stop-TestSite $site
}

Describe 'Before protection' {
    It 'shows the machine and its disk readably' {
        $text = Get-AsrReplicatedMachine | Out-String -Width 160
        $text | Should -Match 'web1'
        $text | Should -Match '1 \(1 MiB\)'
        $list = Get-AsrReplicatedMachine web1 | Format-List | Out-String -Width 160
        $list | Should -Match 'os: 1 MiB'
        $list | Should -Match 'EnableReplication'
    }

    It 'is found by name, wildcard, id and object' {
        $machine = Get-AsrReplicatedMachine web1
        (Get-AsrReplicatedMachine W*).Id | Should -Be $machine.Id
        (Get-AsrReplicatedMachine $machine.Id).Id | Should -Be $machine.Id
        (Get-AsrReplicatedMachine "$($machine.Id)").Id | Should -Be $machine.Id
        ($machine | Get-AsrReplicatedMachine).Id | Should -Be $machine.Id
        @(Get-AsrReplicatedMachine none*).Count | Should -Be 0
    }

    It 'names an unknown machine in the error' {
        $problem = $null
        try { Get-AsrReplicatedMachine nobody -ErrorAction Stop } catch { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -Match '^NotFound,'
        "$($problem.TargetObject)" | Should -Be 'nobody'
    }

    It 'answers an illegal request with the state and what is allowed' {
        $problem = $null
        try { Start-AsrFailover web1 -Confirm:$false -ErrorAction Stop } catch { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -Match '^OperationNotAllowed,'
        "$problem" | Should -Match 'Discovered'
    }

    It 'takes no wildcards where something is changed' {
        { Start-AsrTestFailover web* -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
    }

    It 'names an unknown disk' {
        { Enable-AsrReplication web1 -Policy gold -Disk nosuch -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
    }

    It 'starts nothing with -WhatIf' {
        Enable-AsrReplication web1 -Policy gold -WhatIf
        @(Get-AsrJob).Count | Should -Be 0
    }
}

Describe 'Protection' {
    It 'is enabled by -Wait, as a job whose tasks can be read' {
        $job = Get-AsrReplicatedMachine web1 | Enable-AsrReplication -Policy gold -Disk os -Wait
        "$($job.State)" | Should -Be 'Succeeded'
        "$((Get-AsrReplicatedMachine web1).State)" | Should -Be 'Protected'
        $list = Get-AsrJob $job.Id | Format-List | Out-String -Width 160
        foreach ($task in $job.Tasks) {
            $list | Should -Match ([regex]::Escape($task.Name))
        }
    }

    It 'refuses to remove the policy in use' {
        { Remove-AsrPolicy gold -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'InUse*'
    }

    It 'makes a point on demand, which -Latest and times find' {
        $null = New-AsrRecoveryPoint web1 -Wait
        $points = @(Get-AsrRecoveryPoint web1)
        @($points | Where-Object Reason -eq OnDemand).Count | Should -Be 1
        $latest = Get-AsrRecoveryPoint web1 -Before $points[0].Time -Latest
        $latest.Id | Should -Be $points[0].Id
        @(Get-AsrRecoveryPoint web1 -Before $points[-1].Time).Count | Should -Be 1
        @(Get-AsrRecoveryPoint web1 -Type AppConsistent).Count | Should -Be 0
    }

    It 'fails an app-consistent point of a machine without scripts, and keeps it as a crash-consistent one' {
        { New-AsrRecoveryPoint web1 -AppConsistent -Wait -ErrorAction Stop } | Should -Throw -ErrorId 'AppConsistencyFailed*'
        $point = Get-AsrRecoveryPoint web1 | Where-Object AppConsistencyError | Select-Object -First 1
        $point.Type | Should -Be CrashConsistent
        $point.AppConsistencyError.Code | Should -Be AppConsistencyFailed
        @(Get-AsrEvent | Where-Object Code -EQ AppConsistencyFailed).Count | Should -BeGreaterThan 0
    }

    It 'shows any second, and takes it from the pipeline or by time' {
        $null = New-AsrRecoveryPoint web1 -Wait
        $latest = Get-AsrRecoveryPoint web1 -Latest
        $shown = Get-AsrRecoveryPoint web1 -At $latest.Time
        $shown.Id | Should -Be $latest.Id
        $now = [DateTimeOffset]::UtcNow
        (Get-AsrRecoveryPoint web1 -At $now).Time | Should -BeLessOrEqual $now
        Start-AsrTestFailover web1 -PointInTime $now -WhatIf
        Start-AsrFailover web1 -PointInTime $now -WhatIf
        Get-TestCompletion 'Start-AsrTestFailover web1 -PointInTime ' | Should -Contain $latest.Time.UtcDateTime.ToString('yyyy-MM-ddTHH:mm:ss.FFFFFFFZ')
    }

    It 'names the nearest times for a second that is not there' {
        foreach ($command in { Get-AsrRecoveryPoint web1 -At '2020-01-01T00:00:00Z' -ErrorAction Stop },
            { Start-AsrTestFailover web1 -PointInTime '2020-01-01T00:00:00Z' -ErrorAction Stop }) {
            $problem = $null
            try { & $command } catch { $problem = $_ }
            $problem.FullyQualifiedErrorId | Should -Match '^PointInTimeUnavailable,'
            "$problem" | Should -Match 'Z after it; there is none before it'
        }
    }

    It 'pins and names a point, which can then be given by name' {
        $point = @(Get-AsrRecoveryPoint web1 | Where-Object Reason -eq OnDemand)[0]
        $point | Set-AsrRecoveryPoint -Pinned -Name 'before upgrade' -WhatIf
        @(Get-AsrRecoveryPoint -Pinned).Count | Should -Be 0
        $changed = $point | Set-AsrRecoveryPoint -Pinned -Name 'before upgrade' -PassThru
        $changed.Pinned | Should -BeTrue
        $changed.Name | Should -Be 'before upgrade'
        (Get-AsrRecoveryPoint web1 -Pinned).Id | Should -Be $point.Id
        (Get-AsrRecoveryPoint web1 -Name 'BEFORE*').Id | Should -Be $point.Id
        $changed | Out-String -Width 160 | Should -Match 'pinned +before upgrade'
        Get-TestCompletion 'Start-AsrTestFailover web1 -RecoveryPoint ' | Should -Contain "'before upgrade'"
        Get-TestCompletion 'Get-AsrRecoveryPoint web1 -Name ' | Should -Be "'before upgrade'"
        (Set-AsrRecoveryPoint web1 'before upgrade' -Pinned:$false -PassThru).Pinned | Should -BeFalse
        (Set-AsrRecoveryPoint web1 'before upgrade' -Name '' -PassThru).Name | Should -BeNullOrEmpty
    }

    It 'takes a text from the pipeline for the name of a machine' {
        'web1' | Start-AsrTestFailover -WhatIf -ErrorAction Stop
    }

    It 'refuses what cannot be a point''s name, and a change of nothing' {
        { Set-AsrRecoveryPoint web1 Latest -Name latest } | Should -Throw -ErrorId 'InvalidArgument*'
        { Set-AsrRecoveryPoint web1 Latest } | Should -Throw -ErrorId 'InvalidArgument*'
        { Set-AsrRecoveryPoint web1 'no such name' -Pinned -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
    }

    It 'completes machines, points and disks' {
        Get-TestCompletion 'Start-AsrFailover we' | Should -Be 'web1'
        $offered = Get-TestCompletion 'Start-AsrFailover web1 -RecoveryPoint '
        $offered | Should -Contain 'Latest'
        $offered | Should -Contain "$(@(Get-AsrRecoveryPoint web1)[-1].Id)"
        Get-TestCompletion 'Enable-AsrReplication web1 -Disk ' | Should -Be 'os'
    }

    It 'is paused and resumed' {
        $null = Suspend-AsrReplication web1 -Wait
        "$((Get-AsrReplicatedMachine web1).State)" | Should -Be 'Paused'
        $null = Resume-AsrReplication web1 -Wait
        Wait-TestCondition 'protection after the pause' { "$((Get-AsrReplicatedMachine web1).State)" -eq 'Protected' }
    }
}

Describe 'Test failover' {
    It 'is brought up from a point in the pipeline, at once as a job' {
        $point = Get-AsrRecoveryPoint web1 -Latest
        $job = $point | Start-AsrTestFailover -Path (Join-Path $TestDrive 'copy')
        $job.Operation | Should -Be 'TestFailover'
        $ended = $job | Wait-AsrJob -Timeout 0:2:0
        "$($ended.State)" | Should -Be 'Succeeded'
        $copy = (Get-AsrReplicatedMachine web1).TestFailover
        $copy.RecoveryPointId | Should -Be $point.Id
        (Get-FileHash $copy.Disks[0].Path).Hash | Should -Be $disk.Hash
    }

    It 'is brought up as it was at a second' {
        $null = Stop-AsrTestFailover web1 -Wait
        Set-AsrPolicy gold -CrashConsistentFrequency 1:0:0
        # A second that no point has: the machine is at rest, so an instant comes every ten seconds.
        $from = [DateTimeOffset]::UtcNow
        Wait-TestCondition 'an instant between points' { (Get-AsrRecoveryPoint web1 -At ([DateTimeOffset]::UtcNow)).Time -gt $from }
        $shown = Get-AsrRecoveryPoint web1 -At ([DateTimeOffset]::UtcNow)
        "$($shown.Reason)" | Should -Be 'PointInTime'
        ($shown | Format-List | Out-String -Width 160) | Should -Match 'not yet'
        @(Get-AsrRecoveryPoint web1 | Where-Object Id -eq $shown.Id).Count | Should -Be 0
        $job = $shown | Start-AsrTestFailover -Path (Join-Path $TestDrive 'second') -Wait
        "$($job.State)" | Should -Be 'Succeeded'
        $copy = (Get-AsrReplicatedMachine web1).TestFailover
        $copy.RecoveryPointId | Should -Be $shown.Id
        (Get-FileHash $copy.Disks[0].Path).Hash | Should -Be $disk.Hash
        @(Get-AsrRecoveryPoint web1 | Where-Object Id -eq $shown.Id).Count | Should -Be 1
        Set-AsrPolicy gold -CrashConsistentFrequency 0:0:1
    }

    It 'is removed without a trace' {
        $null = Stop-AsrTestFailover web1 -Wait
        (Get-AsrReplicatedMachine web1).TestFailover | Should -BeNullOrEmpty
        @(Get-ChildItem $TestDrive -Recurse -Filter '*.img' | Where-Object { $_.FullName -ne $disk.Path }).Count | Should -Be 0
    }
}

Describe 'Failover' {
    It 'asks first, and does nothing with -WhatIf' {
        $before = @(Get-AsrJob).Count
        Start-AsrFailover web1 -WhatIf
        Start-AsrFailover web1 -Planned -WhatIf
        @(Get-AsrJob).Count | Should -Be $before
        foreach ($name in 'Start-AsrFailover', 'Invoke-AsrFailback', 'Disable-AsrReplication', 'Remove-AsrPolicy', 'Confirm-AsrFailover') {
            $type = (Get-Command $name).ImplementingType
            $type.GetCustomAttributes([Management.Automation.CmdletAttribute], $false)[0].ConfirmImpact | Should -Be 'High'
        }
    }

    It 'takes an unknown point for an error and starts nothing' {
        $before = @(Get-AsrJob).Count
        { Start-AsrFailover web1 -RecoveryPoint ([Guid]::NewGuid()) -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        @(Get-AsrJob).Count | Should -Be $before
    }

    It 'goes up, is cancelled, and the machine is protected again' {
        $job = Start-AsrFailover web1 -Wait -Confirm:$false
        "$($job.State)" | Should -Be 'Succeeded'
        "$((Get-AsrReplicatedMachine web1).State)" | Should -Be 'FailedOver'
        $null = Undo-AsrFailover web1 -Wait -Confirm:$false
        Wait-TestCondition 'protection after the cancelled failover' { "$((Get-AsrReplicatedMachine web1).State)" -eq 'Protected' }
    }
}

Describe 'Jobs and events' {
    It 'lists jobs newest first, by machine and state' {
        $jobs = @(Get-AsrJob -Machine web* -State Succeeded)
        $jobs.Count | Should -BeGreaterThan 3
        $jobs[0].StartTime | Should -BeGreaterOrEqual $jobs[-1].StartTime
        @(Get-AsrJob -Machine nobody).Count | Should -Be 0
        @(Get-AsrJob -Newest 1).Count | Should -Be 1
    }

    It 'names an unknown job' {
        { Get-AsrJob ([Guid]::NewGuid()) -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
    }

    It 'lists events of a machine' {
        $events = @(Get-AsrEvent web1)
        $events.Count | Should -BeGreaterThan 0
        $events[0].MachineName | Should -Be 'web1'
    }

    It 'ends its wait when the pipeline is stopped, and the job goes on' {
        # Without its agent the job cannot end.
        Stop-Process -Id $site.Agents[0].Id -Force
        $job = Start-AsrResynchronization web1
        $shell = New-TestShell
        $null = $shell.AddCommand('Wait-AsrJob').AddParameter('Job', $job).AddParameter('Connection', $site.Connection)
        $running = $shell.BeginInvoke()
        Start-Sleep -Seconds 2
        $running.IsCompleted | Should -BeFalse
        $shell.Stop()
        "$($shell.InvocationStateInfo.State)" | Should -Be 'Stopped'
        $shell.Dispose()
        "$((Get-AsrJob $job).State)" | Should -Be 'InProgress'
    }

    It 'ends its wait at the timeout, with an error' {
        $job = Get-AsrJob -State InProgress
        { $job | Wait-AsrJob -Timeout 0:0:1 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut*'
    }
}
