# The commands are in AsrModule.dll. What is left for here is a warning that only a session can give.
Set-StrictMode -Version 3

# Az.RecoveryServices exports aliases such as New-ASRPolicy. PowerShell takes an alias before a cmdlet and does not look at case,
# so New-AsrPolicy would silently run Microsoft's command. The Alias: drive is asked, because looking a command up could load modules.
function Get-ShadowingAlias {
    param([string[]] $CommandName)
    foreach ($name in $CommandName) {
        if (Test-Path -LiteralPath "Alias:$name") {
            $name
        }
    }
}

$manifest = Import-PowerShellDataFile -LiteralPath (Join-Path $PSScriptRoot 'AsrModule.psd1')
$shadowed = @(Get-ShadowingAlias -CommandName $manifest.CmdletsToExport)
if ($shadowed.Count -gt 0) {
    Write-Warning ("Aliases of another module (Az.RecoveryServices?) hide $($shadowed.Count) commands of this one: $($shadowed -join ', '). " +
        "Write them with the module's name, e.g. AsrModule\$($shadowed[0]), or import this module with -Prefix.")
}

Export-ModuleMember -Cmdlet *
