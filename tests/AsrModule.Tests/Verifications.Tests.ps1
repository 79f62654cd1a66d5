BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $disk = Add-TestMachine $site web1
    $null = New-AsrPolicy gold -CrashConsistentFrequency 0:0:1
    $null = Enable-AsrReplication web1 -Policy gold -Wait
}

AfterAll {
    Stop-TestSite $site
}

Describe 'Test-AsrReplication' {
    It 'starts nothing with -WhatIf' {
        Test-AsrReplication web1 -WhatIf
        @(Get-AsrJob | Where-Object Operation -EQ VerifyReplication).Count | Should -Be 0
    }

    It 'takes machines from the pipeline and finds an equal replica' {
        $jobs = @(Get-AsrReplicatedMachine | Test-AsrReplication -BytesPerSecondMax 1GB -Wait)
        $jobs.Count | Should -Be 1
        "$($jobs[0].State)" | Should -Be 'Succeeded'
        $jobs[0].Verification.IsEqual | Should -BeTrue
        $jobs[0].Verification.Disks[0].UncomparedBytes | Should -Be 0
        $jobs[0].Verification.Disks[0].DifferentBytes | Should -Be 0
        $machine = Get-AsrReplicatedMachine web1
        $machine.VerifiedAt | Should -Be $jobs[0].Verification.EndTime
        $machine.LastVerification.Id | Should -Be $jobs[0].Id
        $point = Get-AsrRecoveryPoint web1 | Where-Object Id -EQ $jobs[0].Verification.RecoveryPointId
        "$($point.Reason)" | Should -Be 'Verification'
        $point.Verification.DifferentBytes | Should -Be 0
    }

    It 'can be stopped' {
        $job = Test-AsrReplication web1 -BytesPerSecondMax 64KB
        $null = Stop-AsrJob $job
        "$((Wait-AsrJob $job -ErrorAction SilentlyContinue).State)" | Should -Be 'Cancelled'
    }

    It 'names a machine that is not there, and completes those that are' {
        { Test-AsrReplication nosuch -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        Get-TestCompletion 'Test-AsrReplication ' | Should -Contain 'web1'
    }

    It 'refuses a rate below the least' {
        { Test-AsrReplication web1 -BytesPerSecondMax 1 } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
    }

    It 'is refused, with the reason, while replication is paused' {
        $null = Suspend-AsrReplication web1 -Wait
        { Test-AsrReplication web1 -ErrorAction Stop } | Should -Throw -ErrorId 'OperationNotAllowed*'
        $null = Resume-AsrReplication web1 -Wait
    }
}

Describe 'Set-AsrPolicy -BandwidthLimit' {
    It 'sets windows, takes them back as they are shown, and lifts them' {
        $windows = (Set-AsrPolicy gold -BandwidthLimit 'Mon-Fri 08:00-18:00 20MB/s', '5MB/s' -PassThru).BandwidthLimit
        "$($windows[0])" | Should -Be 'Mon,Tue,Wed,Thu,Fri 08:00-18:00 20MB/s'
        $windows[1].BytesPerSecond | Should -Be 5MB
        $again = (Set-AsrPolicy gold -BandwidthLimit $windows -PassThru).BandwidthLimit
        "$($again[0])" | Should -Be "$($windows[0])"
        (Set-AsrPolicy gold -RpoThreshold 0:10:0 -PassThru).BandwidthLimit.Count | Should -Be 2
        (Set-AsrPolicy gold -BandwidthLimit @() -PassThru).BandwidthLimit.Count | Should -Be 0
    }

    It 'shows the limit in force' {
        $null = Set-AsrPolicy gold -BandwidthLimit '3MB/s'
        $deadline = [DateTime]::UtcNow.AddSeconds(30)
        while ((Get-AsrReplicatedMachine web1).BandwidthBytesPerSecond -ne 3MB -and [DateTime]::UtcNow -lt $deadline) {
            Start-Sleep -Milliseconds 200
        }
        (Get-AsrReplicatedMachine web1).BandwidthBytesPerSecond | Should -Be 3MB
        $null = Set-AsrPolicy gold -BandwidthLimit @()
    }

    It 'refuses <_>' -ForEach 'Mon-Foo 1MB/s', '08:00-25:00 1MB/s', '1Mbit/s', '1KB/s' {
        { Set-AsrPolicy gold -BandwidthLimit $_ -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
    }

    It 'verifies as often as the policy says, or never' {
        (Get-AsrPolicy gold).VerificationFrequencyDays | Should -Be 7
        (Set-AsrPolicy gold -VerificationFrequencyDays 0 -PassThru).VerificationFrequencyDays | Should -Be 0
        { Set-AsrPolicy gold -VerificationFrequencyDays 91 } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
    }
}
