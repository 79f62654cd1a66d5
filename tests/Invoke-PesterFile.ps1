# Runs one Pester file and leaves its totals in a file. build.ps1 calls it in a fresh process for each file.
param(
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $ResultPath
)

$ErrorActionPreference = 'Stop'
if (-not (Get-Command Invoke-Pester -CommandType Cmdlet -ErrorAction SilentlyContinue)) {
    Import-Module Pester -MinimumVersion 5.0
}

$result = Invoke-Pester -Path $Path -Output Detailed -PassThru
$reasons = foreach ($test in $result.Skipped) {
    $reason = if ($test.ErrorRecord) { "$($test.ErrorRecord[0])" } else { 'is skipped' }
    "$($test.ExpandedPath): $reason"
}

@{
    Passed      = $result.PassedCount
    # Blocks and files that failed as a whole own no failed test.
    Failed      = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount
    Skipped     = $result.SkippedCount
    SkipReasons = @($reasons)
} | ConvertTo-Json | Set-Content -Path $ResultPath

if ($result.Result -ne 'Passed') {
    exit 1
}
