BeforeAll {
    $modulePath = if ($env:ASR_MODULE_PATH) { $env:ASR_MODULE_PATH } else { Join-Path $PSScriptRoot '../../out/module/AsrModule' }
    $manifestPath = Join-Path $modulePath 'AsrModule.psd1'
}

Describe 'Importing beside a module whose aliases hide ours' {
    BeforeAll {
        # The shape of Az.RecoveryServices: a long name and an alias that differs from ours in case only.
        $fakePath = Join-Path $TestDrive 'FakeAz.psm1'
        @'
function New-FakeAzPolicy { 'the other module' }
New-Item -Path Alias:New-ASRPolicy -Value New-FakeAzPolicy | Out-Null
New-Item -Path Alias:Get-ASRJob -Value New-FakeAzPolicy | Out-Null
Export-ModuleMember -Function New-FakeAzPolicy -Alias New-ASRPolicy, Get-ASRJob
'@ | Set-Content $fakePath
        Remove-Module AsrModule -ErrorAction SilentlyContinue
        Import-Module $fakePath -Force
        $warnings = @(Import-Module $manifestPath -Force 3>&1)
    }

    AfterAll {
        Remove-Module FakeAz, AsrModule -ErrorAction SilentlyContinue
    }

    It 'the other module does win, which is why a warning is due' {
        New-AsrPolicy | Should -Be 'the other module'
    }

    It 'warns once, and names the hidden commands and the way to ours' {
        $warnings.Count | Should -Be 1
        $warnings[0] | Should -BeOfType ([Management.Automation.WarningRecord])
        "$warnings" | Should -Match 'New-AsrPolicy'
        "$warnings" | Should -Match 'Get-AsrJob'
        "$warnings" | Should -Match 'AsrModule\\'
    }

    It 'reaches our command by its qualified name' {
        (Get-Command 'AsrModule\New-AsrPolicy').CommandType | Should -Be 'Cmdlet'
        { AsrModule\Get-AsrJob -ErrorAction Stop } | Should -Throw -ErrorId 'NotConnected*'
    }
}

Describe 'Importing alone' {
    It 'says nothing' {
        Remove-Module AsrModule -ErrorAction SilentlyContinue
        $warnings = @(Import-Module $manifestPath -Force 3>&1)
        $warnings.Count | Should -Be 0
    }

    It 'uses approved verbs only' {
        Import-Module $manifestPath -Force
        $approved = @([Management.Automation.VerbsCommon], [Management.Automation.VerbsCommunications],
            [Management.Automation.VerbsData], [Management.Automation.VerbsDiagnostic], [Management.Automation.VerbsLifecycle],
            [Management.Automation.VerbsOther], [Management.Automation.VerbsSecurity]) | ForEach-Object { $_.GetFields().Name }
        foreach ($command in Get-Command -Module AsrModule) {
            $approved | Should -Contain $command.Verb
            $command.Noun | Should -Match '^Asr[A-Z]'
        }
    }

    It 'lets every change be previewed' {
        Import-Module $manifestPath -Force
        # These change nothing outside the session.
        $harmless = 'Connect-AsrVault', 'Disconnect-AsrVault', 'Wait-AsrJob'
        foreach ($command in Get-Command -Module AsrModule | Where-Object { $_.Verb -ne 'Get' -and $_.Name -notin $harmless }) {
            $command.Parameters.Keys | Should -Contain 'WhatIf' -Because "$($command.Name) changes something"
        }
    }

    It 'takes a connection in every command that asks an appliance' {
        Import-Module $manifestPath -Force
        foreach ($command in Get-Command -Module AsrModule | Where-Object { $_.Name -notin 'New-AsrVault', 'Connect-AsrVault' }) {
            $command.Parameters.Keys | Should -Contain 'Connection'
        }
    }

    It '<_> ends with NotConnected and says what to do' -ForEach 'Get-AsrJob', 'Get-AsrReplicatedMachine', 'Get-AsrPolicy', 'Get-AsrEvent', 'Get-AsrAppliance' {
        Import-Module $manifestPath -Force
        $problem = $null
        try { & $_ -ErrorAction Stop } catch { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -Match '^NotConnected,'
        $problem.CategoryInfo.Category | Should -Be 'ConnectionError'
        $problem.ErrorDetails.RecommendedAction | Should -Match 'Connect-AsrVault'
    }
}
