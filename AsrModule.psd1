@{
    RootModule           = 'AsrModule.psm1'
    NestedModules        = @('AsrModule.dll')
    ModuleVersion        = '0.1.0'
    GUID                 = '6d0c6f0e-3c55-4e0c-9d3a-5f7a2b8e41c9'
    Author               = 'Asr contributors'
    CompanyName          = 'Asr'
    Copyright            = '(c) Asr contributors.'
    Description          = 'Disaster recovery of machines into a vault, in the shape of Azure Site Recovery.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('AsrModule.Format.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Get-AsrAppliance'
        'Start-AsrAppliance'
        'Stop-AsrAppliance'
        'New-AsrEnrollmentToken'
        'Get-AsrEvent'
        'Invoke-AsrFailback'
        'Confirm-AsrFailover'
        'Start-AsrFailover'
        'Undo-AsrFailover'
        'Set-AsrFailoverRecoveryPoint'
        'Get-AsrJob'
        'Stop-AsrJob'
        'Wait-AsrJob'
        'Get-AsrPolicy'
        'New-AsrPolicy'
        'Remove-AsrPolicy'
        'Set-AsrPolicy'
        'Dismount-AsrRecoveryPoint'
        'Export-AsrRecoveryPoint'
        'Get-AsrRecoveryPoint'
        'Mount-AsrRecoveryPoint'
        'New-AsrRecoveryPoint'
        'Set-AsrRecoveryPoint'
        'Get-AsrRecoveryPointMount'
        'Get-AsrReplicatedMachine'
        'Disable-AsrReplication'
        'Enable-AsrReplication'
        'Resume-AsrReplication'
        'Suspend-AsrReplication'
        'Start-AsrReprotect'
        'Start-AsrResynchronization'
        'Start-AsrTestFailover'
        'Stop-AsrTestFailover'
        'Connect-AsrVault'
        'Disconnect-AsrVault'
        'New-AsrVault'
    )
    VariablesToExport    = @()
    AliasesToExport      = @()
}
