BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
}

AfterAll {
    Stop-TestSite $site
}

Describe 'New-AsrPolicy' {
    It 'makes nothing with -WhatIf' {
        New-AsrPolicy ghost -WhatIf
        @(Get-AsrPolicy).Name | Should -Not -Contain 'ghost'
    }

    It 'makes a policy, and the one for its way back' {
        $policy = New-AsrPolicy gold -CrashConsistentFrequency 0:0:30 -Retention 3.0:0:0 -RpoThreshold 0:10:0
        $policy.CrashConsistentFrequencySeconds | Should -Be 30
        $policy.RecoveryPointRetentionSeconds | Should -Be (3 * 24 * 3600)
        $policy.RpoThresholdSeconds | Should -Be 600
        (Get-AsrPolicy $policy.FailbackPolicyName).IsFailbackPolicy | Should -BeTrue
    }

    It 'refuses a name that is taken' {
        { New-AsrPolicy GOLD } | Should -Throw -ErrorId 'AlreadyExists*'
    }

    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a bare number, which would be ticks'; Arguments = @{ Retention = 3600 } }
        @{ Name = 'points more often than every second'; Arguments = @{ CrashConsistentFrequency = '0:0:0' } }
        @{ Name = 'a retention of more than 15 days'; Arguments = @{ Retention = '16.0:0:0' } }
    ) {
        { New-AsrPolicy bad @Arguments } | Should -Throw -ErrorId 'InvalidArgument*'
        @(Get-AsrPolicy).Name | Should -Not -Contain 'bad'
    }
}

Describe 'Get-AsrPolicy' {
    It 'takes wildcards' {
        @(Get-AsrPolicy g*d).Name | Should -Be 'gold'
    }

    It 'writes an error for a name that is not there, and goes on' {
        $found = @(Get-AsrPolicy missing, gold -ErrorAction SilentlyContinue -ErrorVariable problems)
        $found.Name | Should -Be 'gold'
        $problems[0].FullyQualifiedErrorId | Should -Match '^NotFound,'
        $problems[0].TargetObject | Should -Be 'missing'
    }

    It 'shows times readably' {
        $text = Get-AsrPolicy gold | Out-String -Width 160
        $text | Should -Match 'every 30 s'
        $text | Should -Match '3 d'
        $text | Should -Match '10 min'
    }

    It 'is completed, without policies for the way back' {
        Get-TestCompletion 'Get-AsrPolicy go' | Should -Be 'gold'
        Get-TestCompletion 'Enable-AsrReplication x -Policy ' | Should -Contain 'gold'
    }
}

Describe 'Set-AsrPolicy' {
    It 'changes nothing with -WhatIf' {
        Set-AsrPolicy gold -Retention 5.0:0:0 -WhatIf
        (Get-AsrPolicy gold).RecoveryPointRetentionSeconds | Should -Be (3 * 24 * 3600)
    }

    It 'changes what is given and leaves the rest' {
        $changed = Get-AsrPolicy gold | Set-AsrPolicy -Retention 5.0:0:0 -PassThru
        $changed.RecoveryPointRetentionSeconds | Should -Be (5 * 24 * 3600)
        $changed.CrashConsistentFrequencySeconds | Should -Be 30
    }

    It 'names the missing policy' {
        { Set-AsrPolicy missing -Retention 1.0:0:0 -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound*'
    }
}

Describe 'Remove-AsrPolicy' {
    It 'removes nothing with -WhatIf' {
        Remove-AsrPolicy gold -WhatIf
        (Get-AsrPolicy gold).Name | Should -Be 'gold'
    }

    It 'removes from the pipeline, with the policy for the way back' {
        Get-AsrPolicy gold | Remove-AsrPolicy -Confirm:$false
        @(Get-AsrPolicy).Count | Should -Be 0
    }
}
