@{
    RootModule           = 'AsrModule.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '6d0c6f0e-3c55-4e0c-9d3a-5f7a2b8e41c9'
    Author               = 'Asr contributors'
    CompanyName          = 'Asr'
    Copyright            = '(c) Asr contributors.'
    Description          = 'Disaster recovery of machines into a vault, in the shape of Azure Site Recovery.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    FunctionsToExport    = @()
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
}
