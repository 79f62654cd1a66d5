# A real vault, appliance and agent on free loopback ports, for one Pester file.
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

$ModulePath = if ($env:ASR_MODULE_PATH) { $env:ASR_MODULE_PATH } else { Join-Path $PSScriptRoot '../../out/module/AsrModule' }
$WaitSeconds = 60

function Get-TestModulePath { $ModulePath }

function New-TestPassphrase {
    param([string] $Text = 'correct horse battery staple')
    ConvertTo-SecureString $Text -AsPlainText -Force
}

function Start-TestSite {
    # A vault with a running appliance; the caller's session is connected to it.
    param([Parameter(Mandatory)] [string] $Path)
    $null = New-AsrVault -Path (Join-Path $Path 'vault') -Passphrase (New-TestPassphrase)
    $connection = Connect-AsrVault -Path (Join-Path $Path 'vault') -Passphrase (New-TestPassphrase)
    $appliance = Start-AsrAppliance -ControlPort 0 -DataPort 0 -WorkPath (Join-Path $Path 'work') -Connection $connection
    [pscustomobject] @{ Path = $Path; Connection = $connection; Appliance = $appliance; Agents = [Collections.Generic.List[object]]::new() }
}

function Add-TestMachine {
    # Enrolls and starts an agent with one small disk, waits until the appliance knows it, and returns the disk's path and hash.
    param($Site, [string] $Name, [long] $DiskBytes = 1MB)
    $folder = Join-Path $Site.Path $Name
    $null = New-Item -ItemType Directory -Path $folder -Force
    $content = [byte[]]::new($DiskBytes)
    [Random]::new(7).NextBytes($content)
    $disk = Join-Path $folder 'os.img'
    [IO.File]::WriteAllBytes($disk, $content)
    $hash = (Get-FileHash $disk).Hash
    $program = Join-Path $ModulePath 'bin/asr-agent'
    $token = New-AsrEnrollmentToken -Connection $Site.Connection
    $answer = $token.Token | & $program enroll --appliance $Site.Appliance.ControlEndpoint --state "$folder/state" --name $Name
    if ($LASTEXITCODE -ne 0) {
        throw "The agent did not enroll: $answer"
    }

    $log = Join-Path $folder 'agent'
    $process = Start-Process -FilePath $program -ArgumentList 'run', '--state', "$folder/state", '--disk', "os=$disk@tcp:127.0.0.1:0" `
        -PassThru -NoNewWindow -RedirectStandardOutput "$log.out" -RedirectStandardError "$log.err"
    $Site.Agents.Add($process)
    Wait-TestCondition "agent of $Name" {
        @(Get-AsrReplicatedMachine -Connection $Site.Connection | Where-Object { $_.Name -eq $Name -and $_.Disks.Count -eq 1 }).Count -eq 1
    }

    [pscustomobject] @{ Path = $disk; Hash = $hash }
}

function New-TestShell {
    # Another runspace with the module's commands; the host need not have more than the engine.
    $shell = [PowerShell]::Create([Management.Automation.Runspaces.InitialSessionState]::CreateDefault2())
    $null = $shell.AddCommand('Import-Module').AddArgument("$ModulePath/AsrModule.dll")
    $null = $shell.Invoke()
    $shell.Commands.Clear()
    $shell
}

function Wait-TestCondition {
    param([string] $What, [scriptblock] $Condition)
    $deadline = [DateTime]::UtcNow.AddSeconds($WaitSeconds)
    while (-not (& $Condition)) {
        if ([DateTime]::UtcNow -gt $deadline) {
            throw "Waited $WaitSeconds s in vain for: $What"
        }

        Start-Sleep -Milliseconds 100
    }
}

function Stop-TestSite {
    # Ends every process of the site by its id.
    param($Site)
    if ($null -eq $Site) {
        return
    }

    foreach ($agent in $Site.Agents) {
        if (-not $agent.HasExited) {
            Stop-Process -Id $agent.Id -Force
            $null = $agent.WaitForExit(30000)
        }
    }

    $process = Get-Process -Id $Site.Appliance.ProcessId -ErrorAction SilentlyContinue
    if ($process) {
        Stop-Process -Id $process.Id -Force
        $null = $process.WaitForExit(30000)
    }
}

function Get-TestCompletion {
    # What Tab offers at the end of a line.
    param([string] $Line)
    @([Management.Automation.CommandCompletion]::CompleteInput($Line, $Line.Length, $null).CompletionMatches |
            ForEach-Object { $_.CompletionText })
}

Export-ModuleMember -Function *-Test*
