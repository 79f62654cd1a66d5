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
        $policy.Retention | Should -Be ([TimeSpan] '3.0:0:0')
        $policy.ContinuousWindow | Should -Be ([TimeSpan] '3.0:0:0')
        $policy.RpoThresholdSeconds | Should -Be 600
        (Get-AsrPolicy $policy.FailbackPolicyName).IsFailbackPolicy | Should -BeTrue
    }

    It 'makes app-consistent points at an interval of hours, or none' {
        (Get-AsrPolicy gold).AppConsistentFrequencyHours | Should -Be 0
        $policy = New-AsrPolicy apps -AppConsistentFrequencyHours 4
        $policy.AppConsistentFrequencyHours | Should -Be 4
        $policy | Out-String -Width 160 | Should -Match 'every 4 h'
        (Set-AsrPolicy apps -RpoThreshold 0:10:0 -PassThru).AppConsistentFrequencyHours | Should -Be 4
        (Set-AsrPolicy apps -AppConsistentFrequencyHours 0 -PassThru).AppConsistentFrequencyHours | Should -Be 0
        { Set-AsrPolicy apps -AppConsistentFrequencyHours 13 } | Should -Throw
        Remove-AsrPolicy apps -Confirm:$false
    }

    It 'thins like the original with -RetentionPreset Azure' {
        $tiers = (New-AsrPolicy azure -Retention 15.0:0:0 -RetentionPreset Azure).RetentionTiers
        @($tiers | ForEach-Object { '{0}/{1}' -f $_.Every, $_.For }) -join ' ' | Should -Be '00:00:00/02:00:00 02:00:00/7.00:00:00 04:00:00/15.00:00:00'
        (Get-AsrPolicy azure).ContinuousWindow | Should -Be ([TimeSpan] '2:0:0')
    }

    It 'takes tiers as hashtables' {
        $policy = New-AsrPolicy tiered -RetentionTier @{ For = '4:0:0' }, @{ Every = '0:30:0'; For = '2.0:0:0' }
        $policy.Retention | Should -Be ([TimeSpan] '2.0:0:0')
        $policy.RetentionTiers[1].Every | Should -Be ([TimeSpan] '0:30:0')
        $policy | Out-String -Width 160 | Should -Match 'all to 4 h, 1 per 30 min to 2 d'
        'tiered', 'azure' | Remove-AsrPolicy -Confirm:$false
    }

    It 'refuses a name that is taken' {
        { New-AsrPolicy GOLD } | Should -Throw -ErrorId 'AlreadyExists*'
    }

    It 'refuses <Name>' -ForEach @(
        @{ Name = 'a bare number, which would be ticks'; Arguments = @{ Retention = 3600 } }
        @{ Name = 'points more often than every second'; Arguments = @{ CrashConsistentFrequency = '0:0:0' } }
        @{ Name = 'a retention of more than 15 days'; Arguments = @{ Retention = '16.0:0:0' } }
        @{ Name = 'tiers that do not ascend'; Arguments = @{ RetentionTier = @{ For = '2:0:0' }, @{ Every = '1:0:0'; For = '1:0:0' } } }
        @{ Name = 'a tier of a bare number'; Arguments = @{ RetentionTier = @{ For = 7200 } } }
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
        (Get-AsrPolicy gold).Retention | Should -Be ([TimeSpan] '3.0:0:0')
    }

    It 'changes what is given and leaves the rest' {
        $changed = Get-AsrPolicy gold | Set-AsrPolicy -Retention 5.0:0:0 -PassThru
        $changed.Retention | Should -Be ([TimeSpan] '5.0:0:0')
        $changed.CrashConsistentFrequencySeconds | Should -Be 30
    }

    It 'thins what it keeps with a preset, over the age that is there' {
        $changed = Set-AsrPolicy gold -RetentionPreset Azure -PassThru
        $changed.Retention | Should -Be ([TimeSpan] '5.0:0:0')
        $changed.RetentionTiers.Count | Should -Be 2
    }

    It 'makes points immutable for no longer than they are kept' {
        (Set-AsrPolicy gold -ImmutableFor 2.0:0:0 -PassThru).ImmutableFor | Should -Be ([TimeSpan] '2.0:0:0')
        Get-AsrPolicy gold | Out-String -Width 160 | Should -Match '2 d'
        { Set-AsrPolicy gold -ImmutableFor 6.0:0:0 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
        { Set-AsrPolicy gold -Retention 1.0:0:0 -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidArgument*'
        (Set-AsrPolicy gold -ImmutableFor 0 -PassThru).ImmutableFor | Should -Be ([TimeSpan]::Zero)
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
