BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $disk = Add-TestMachine $site web1
    $null = New-AsrPolicy gold -CrashConsistentFrequency 0:0:1
    $null = Enable-AsrReplication web1 -Policy gold -Wait
    $point = Get-AsrRecoveryPoint web1 -Latest
    # One byte inside the largest segment, which holds contents of the first copy.
    $segment = Get-ChildItem (Join-Path $site.Path 'vault/disks') -Recurse -Filter '*.seg' | Sort-Object Length | Select-Object -Last 1
    function Switch-Byte {
        $bytes = [IO.File]::ReadAllBytes($segment.FullName)
        $bytes[1000] = $bytes[1000] -bxor 1
        [IO.File]::WriteAllBytes($segment.FullName, $bytes)
    }
}

AfterAll {
    Stop-TestSite $site
}

Describe 'Test-AsrVault of a whole vault' {
    It 'starts nothing with -WhatIf' {
        Test-AsrVault -WhatIf
        Test-AsrVault web1 -Repair -WhatIf
        @(Get-AsrJob | Where-Object Operation -EQ CheckVault).Count | Should -Be 0
    }

    It 'verifies everything and finds nothing' {
        $job = Test-AsrVault -Wait
        "$($job.State)" | Should -Be 'Succeeded'
        $job.VaultCheck.FindingCount | Should -Be 0
        $job.VaultCheck.ObjectsChecked | Should -BeGreaterThan 5
        $job.VaultCheck.BytesChecked | Should -BeGreaterThan 1MB
        $job.VaultCheck.EndTime | Should -Not -BeNullOrEmpty
        $job.VaultCheck | Out-String -Width 200 | Should -Match 'all whole'
        $job | Format-List | Out-String -Width 300 | Should -Not -Match 'Machine'
    }

    It 'gives a job at once without -Wait' {
        $job = Test-AsrVault
        "$($job.Operation)" | Should -Be 'CheckVault'
        "$((Wait-AsrJob $job).State)" | Should -Be 'Succeeded'
    }
}

Describe 'Test-AsrVault of a machine' {
    It 'takes machines from the pipeline' {
        $jobs = @(Get-AsrReplicatedMachine | Test-AsrVault -Wait)
        $jobs.Count | Should -Be 1
        $jobs[0].MachineName | Should -Be 'web1'
        $jobs[0].VaultCheck.FindingCount | Should -Be 0
    }

    It 'names one that is not there, and completes those that are' {
        { Test-AsrVault nosuch -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
        Get-TestCompletion 'Test-AsrVault ' | Should -Contain 'web1'
    }
}

Describe 'Test-AsrVault of a vault with a flipped byte' {
    BeforeAll {
        Switch-Byte
        $job = Test-AsrVault web1 -Wait
        $finding = $job.VaultCheck.Findings[0]
    }

    AfterAll {
        Switch-Byte
    }

    It 'names object, ranges and points' {
        "$($job.State)" | Should -Be 'Succeeded'
        $job.VaultCheck.FindingCount | Should -Be 1
        "$($finding.Kind) $($finding.Problem)" | Should -Be 'Segment Damaged'
        $finding.Object | Should -Match ([Regex]::Escape($segment.BaseName))
        $finding.AffectedPoints.RecoveryPointId | Should -Contain $point.Id
        $finding.AffectsHead | Should -BeTrue
        $finding.Ranges.Count | Should -BeGreaterThan 0
        $finding | Format-Table | Out-String -Width 200 | Should -Match 'Damaged +\d+ +affected +segment'
        $finding | Format-List | Out-String -Width 300 | Should -Match 'of web1'
        $job | Format-List | Out-String -Width 300 | Should -Match 'Findings'
    }

    It 'tells it as event and as health error' {
        @(Get-AsrEvent | Where-Object Code -EQ VaultObjectDamaged).Count | Should -BeGreaterThan 0
        Wait-TestCondition 'the health error' { (Get-AsrReplicatedMachine web1).HealthErrors.Code -contains 'VaultDamaged' }
    }

    It 'repairs by a resynchronisation, after which new points are whole' {
        $repaired = Test-AsrVault web1 -Repair -Wait
        $repair = $repaired.VaultCheck.Repairs
        $repair.MachineName | Should -Be 'web1'
        "$((Wait-AsrJob $repair.JobId).State)" | Should -Be 'Succeeded'
        $null = New-AsrRecoveryPoint web1 -Wait
        $exported = Export-AsrRecoveryPoint web1 -Path (Join-Path $TestDrive 'exported') -Wait
        $exported.Files[0].Sha256 | Should -Be $disk.Hash
        $left = (Test-AsrVault -Wait).VaultCheck.Findings
        $left.AffectsHead | Should -BeFalse
        $left.AffectedPoints.RecoveryPointId | Should -Contain $point.Id
    }
}

Describe 'A mended vault' {
    It 'ends the health error with the next check' {
        (Test-AsrVault -Restart -Wait).VaultCheck.FindingCount | Should -Be 0
        Wait-TestCondition 'the end of the health error' { (Get-AsrReplicatedMachine web1).HealthErrors.Code -notcontains 'VaultDamaged' }
    }
}
