BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $null = Add-TestMachine $site web1
    $null = Add-TestMachine $site db1
    $null = New-AsrPolicy gold -CrashConsistentFrequency 0:0:1
    $null = New-AsrPolicy other
}

AfterAll {
    Stop-TestSite $site
}

Describe 'A consistency group' {
    It 'takes no machine that is not protected, and no name that is none' {
        { Set-AsrReplicatedMachine web1 -ConsistencyGroup shop -ErrorAction Stop } | Should -Throw -ErrorId 'OperationNotAllowed*'
        { Set-AsrReplicatedMachine web1 -ConsistencyGroup 'two words' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
        { Enable-AsrReplication web1 -Policy gold -ConsistencyGroup '.hidden' -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
    }

    It 'is joined with the protection and shown' {
        $null = Enable-AsrReplication web1 -Policy gold -ConsistencyGroup shop -Wait
        $machine = Get-AsrReplicatedMachine web1
        $machine.ConsistencyGroup | Should -Be 'shop'
        $machine | Format-List | Out-String -Width 160 | Should -Match 'Consistency group +: shop'
        Get-TestCompletion 'Get-AsrRecoveryPoint -ConsistencyGroup ' | Should -Contain 'shop'
    }

    It 'has machines of one policy' {
        { Enable-AsrReplication db1 -Policy other -ConsistencyGroup SHOP -ErrorAction Stop } | Should -Throw -ErrorId 'ConsistencyGroupPolicyDiffers*'
    }

    It 'is joined later, and only when asked' {
        $null = Enable-AsrReplication db1 -Policy gold -Wait
        Set-AsrReplicatedMachine db1 -ConsistencyGroup shop -WhatIf
        (Get-AsrReplicatedMachine db1).ConsistencyGroup | Should -BeNullOrEmpty
        (Get-AsrReplicatedMachine db1 | Set-AsrReplicatedMachine -ConsistencyGroup shop -PassThru).ConsistencyGroup | Should -Be 'shop'
    }

    It 'makes points of one moment, from which its machines are brought up together' {
        Wait-TestCondition 'a shared point of both' { @(Get-AsrRecoveryPoint -ConsistencyGroup shop -Latest).Count -eq 2 }
        $points = @(Get-AsrRecoveryPoint -ConsistencyGroup sh* -Latest)
        $points[0].MultiMachine.Id | Should -Be $points[1].MultiMachine.Id
        $points.MachineName | Should -Be @('db1', 'web1')
        (Get-AsrRecoveryPoint web1 -ConsistencyGroup shop -Before $points[1].MultiMachine.Time -Latest).Id | Should -Be $points[1].Id
        @(Get-AsrRecoveryPoint -ConsistencyGroup none).Count | Should -Be 0
        $points | Out-String -Width 180 | Should -Match 'shop'
        $points | Format-List | Out-String -Width 180 | Should -Match '2 machines of shop'
        $jobs = @($points | Start-AsrTestFailover -Wait)
        $jobs.State | Should -Be @('Succeeded', 'Succeeded')
        foreach ($point in $points) {
            (Get-AsrReplicatedMachine $point.MachineId).TestFailover.RecoveryPointId | Should -Be $point.Id
        }

        $null = $points | Stop-AsrTestFailover -Wait
    }

    It 'is left by an empty name' {
        (Set-AsrReplicatedMachine web1, db1 -ConsistencyGroup '' -PassThru).ConsistencyGroup | Should -BeNullOrEmpty
        @(Get-AsrEvent | Where-Object Code -EQ ConsistencyGroupChanged).Count | Should -Be 3
    }
}
