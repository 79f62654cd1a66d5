BeforeAll {
    Import-Module (Join-Path $PSScriptRoot 'TestSite.psm1') -Force
    Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1') -Force
    $site = Start-TestSite (Join-Path $TestDrive 'site')
    $vaultPath = $site.Connection.VaultPath
}

AfterAll {
    Stop-TestSite $site
}

Describe 'New-AsrVault' {
    It 'makes nothing with -WhatIf' {
        New-AsrVault -Path (Join-Path $TestDrive 'none') -Passphrase (New-TestPassphrase) -WhatIf
        Join-Path $TestDrive 'none' | Should -Not -Exist
    }

    It 'makes a vault that names its place and its authority' {
        $vault = New-AsrVault -Path (Join-Path $TestDrive 'v1') -Passphrase (New-TestPassphrase)
        $vault.Location | Should -Be (Join-Path $TestDrive 'v1')
        $vault.AuthorityFingerprint | Should -Match '^[0-9A-F]{64}$'
    }

    It 'asks for a container in Azure Storage without telling its signature' {
        $uri = 'https://account.blob.core.windows.net/vault?sp=rw&sig=c2VjcmV0'
        $verbose = New-AsrVault -BlobContainerUri $uri -Passphrase (New-TestPassphrase) -WhatIf *>&1 | ForEach-Object { "$_" }
        "$verbose" | Should -Not -Match 'c2VjcmV0'
    }

    It 'refuses two secrets for one container' {
        $uri = 'https://account.blob.core.windows.net/vault?sp=rw&sig=c2VjcmV0'
        { New-AsrVault -BlobContainerUri $uri -StorageSecret (New-TestPassphrase) -Passphrase (New-TestPassphrase) } | Should -Throw -ErrorId 'InvalidArgument*'
    }

    It 'refuses an address that is no container' {
        { New-AsrVault -BlobContainerUri 'https://account.blob.core.windows.net/' -Passphrase (New-TestPassphrase) } | Should -Throw -ErrorId 'InvalidArgument*'
    }

    It 'refuses a folder that holds a vault' {
        { New-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase) } | Should -Throw -ErrorId 'AlreadyExists*'
    }
}

Describe 'Connect-AsrVault' {
    It 'finds the appliance that the vault names' {
        (Connect-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase)).ApplianceUri | Should -Be $site.Connection.ApplianceUri
        (Get-AsrAppliance).ProcessId | Should -Be $site.Appliance.ProcessId
    }

    It 'refuses a wrong passphrase and says what to do' {
        $problem = $null
        try { Connect-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase 'wrong') } catch { $problem = $_ }
        $problem.FullyQualifiedErrorId | Should -Match '^WrongPassphrase,'
        $problem.CategoryInfo.Category | Should -Be 'AuthenticationError'
        $problem.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'says when there is no vault' {
        { Connect-AsrVault -Path (Join-Path $TestDrive 'nowhere') -Passphrase (New-TestPassphrase) } | Should -Throw -ErrorId 'VaultNotFound*'
    }

    It 'takes a vault from the pipeline, without an appliance' {
        $connection = New-AsrVault -Path (Join-Path $TestDrive 'v2') -Passphrase (New-TestPassphrase) | Connect-AsrVault -Passphrase (New-TestPassphrase)
        $connection.ApplianceUri | Should -BeNullOrEmpty
        { Get-AsrJob -Connection $connection } | Should -Throw -ErrorId 'ApplianceUnreachable*'
    }

    It 'refuses the appliance of another vault' {
        $other = New-AsrVault -Path (Join-Path $TestDrive 'v3') -Passphrase (New-TestPassphrase)
        { $other | Connect-AsrVault -Passphrase (New-TestPassphrase) -ApplianceUri $site.Connection.ApplianceUri } |
            Should -Throw -ErrorId 'CertificateForeign*'
    }

    It 'says when the appliance does not answer' {
        { Connect-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase) -ApplianceUri 'https://127.0.0.1:1' } |
            Should -Throw -ErrorId 'ApplianceUnreachable*'
    }

    It 'sets the default of its own runspace only' {
        $null = Connect-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase)
        $shell = New-TestShell
        $null = $shell.AddScript('Get-AsrJob').Invoke()
        $shell.Streams.Error[0].FullyQualifiedErrorId | Should -Match '^NotConnected,'
        $shell.Dispose()
        Get-AsrAppliance | Should -Not -BeNullOrEmpty
    }
}

Describe 'Disconnect-AsrVault' {
    It 'forgets the default connection, and the closed object is refused' {
        $connection = Connect-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase)
        Disconnect-AsrVault
        { Get-AsrJob } | Should -Throw -ErrorId 'NotConnected*'
        { Get-AsrJob -Connection $connection } | Should -Throw -ErrorId 'NotConnected*'
    }

    It 'is done by removing the module too' {
        $connection = Connect-AsrVault -Path $vaultPath -Passphrase (New-TestPassphrase)
        Remove-Module AsrModule
        Import-Module (Join-Path (Get-TestModulePath) 'AsrModule.psd1')
        { Get-AsrJob } | Should -Throw -ErrorId 'NotConnected*'
        { Get-AsrJob -Connection $connection } | Should -Throw -ErrorId 'NotConnected*'
    }
}

Describe 'Start-AsrAppliance and Stop-AsrAppliance' {
    It 'starts nothing with -WhatIf' {
        $connection = Connect-AsrVault -Path (Join-Path $TestDrive 'v1') -Passphrase (New-TestPassphrase)
        Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $TestDrive 'w1') -WhatIf
        $connection.ApplianceUri | Should -BeNullOrEmpty
        Join-Path $TestDrive 'w1' | Should -Not -Exist
    }

    It 'starts, and ends the process when it stops' {
        $null = Connect-AsrVault -Path (Join-Path $TestDrive 'v1') -Passphrase (New-TestPassphrase)
        $appliance = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $TestDrive 'w1')
        $process = Get-Process -Id $appliance.ProcessId
        Stop-AsrAppliance
        $process.HasExited | Should -BeTrue
        { Get-AsrAppliance } | Should -Throw -ErrorId 'ApplianceUnreachable*'
    }

    It 'says why an appliance does not start' {
        $null = Connect-AsrVault -Path (Join-Path $TestDrive 'v1') -Passphrase (New-TestPassphrase)
        $port = ([Uri] $site.Appliance.ControlEndpoint).Port
        { Start-AsrAppliance -ControlPort $port -DataPort 0 -WorkPath (Join-Path $TestDrive 'w2') } | Should -Throw -ErrorId 'ApplianceStartFailed*'
    }
}

Describe 'Reconnecting' {
    It 'goes on with the same connection after the appliance was stopped and started' {
        $connection = Connect-AsrVault -Path (Join-Path $TestDrive 'v1') -Passphrase (New-TestPassphrase)
        $first = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $TestDrive 'w1')
        $null = New-AsrPolicy kept
        Stop-AsrAppliance
        $second = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $TestDrive 'w1')
        $second.ProcessId | Should -Not -Be $first.ProcessId
        (Get-AsrPolicy kept -Connection $connection).Name | Should -Be 'kept'
        Stop-AsrAppliance
    }
}
