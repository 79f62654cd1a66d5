BeforeDiscovery {
    $modulePath = if ($env:ASR_MODULE_PATH) { $env:ASR_MODULE_PATH } else { Join-Path $PSScriptRoot '../../out/module/AsrModule' }
    $names = @((Import-PowerShellDataFile (Join-Path $modulePath 'AsrModule.psd1')).CmdletsToExport)
}

BeforeAll {
    $modulePath = if ($env:ASR_MODULE_PATH) { $env:ASR_MODULE_PATH } else { Join-Path $PSScriptRoot '../../out/module/AsrModule' }
    Import-Module (Join-Path $modulePath 'AsrModule.psd1') -Force
    $engineParameters = [Management.Automation.Cmdlet]::CommonParameters
}

Describe 'Help of <_>' -ForEach $names {
    BeforeAll {
        $name = $_
        $help = Get-Help $name -Full
    }

    It 'says what it does' {
        # Without help the synopsis is the syntax.
        $help.Synopsis.Trim() | Should -Not -BeNullOrEmpty
        $help.Synopsis.Trim() | Should -Not -Match "^$name "
        $help.description[0].Text | Should -Not -BeNullOrEmpty
    }

    It 'has a text for every parameter' {
        foreach ($parameter in (Get-Command $name).Parameters.Keys | Where-Object { $_ -notin $engineParameters }) {
            $text = (Get-Help $name -Parameter $parameter).description[0].Text
            $text | Should -Not -BeNullOrEmpty -Because "-$parameter of $name needs a text"
        }
    }

    It 'shows examples that use only what exists' {
        $examples = @($help.examples.example)
        $examples.Count | Should -BeGreaterThan 0
        foreach ($example in $examples) {
            $problems = $null
            $code = [Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $null, [ref] $problems)
            $problems | Should -BeNullOrEmpty
            $uses = $code.FindAll({ param($node) $node -is [Management.Automation.Language.CommandAst] }, $true)
            foreach ($use in $uses | Where-Object { "$($_.GetCommandName())" -match '-Asr' }) {
                $command = Get-Command $use.GetCommandName() -ErrorAction Stop
                foreach ($element in $use.CommandElements | Where-Object { $_ -is [Management.Automation.Language.CommandParameterAst] }) {
                    $command.Parameters.Keys | Should -Contain $element.ParameterName
                }
            }
        }
    }

    It 'has no page text for a parameter that is not there' {
        $page = Get-Content (Join-Path $PSScriptRoot "../../docs/help/$name.md")
        foreach ($heading in $page -match '^### -') {
            (Get-Command $name).Parameters.Keys | Should -Contain $heading.Substring(5)
        }
    }
}

Describe 'Topics' {
    It 'has about_Asr' {
        Get-Help about_Asr | Out-String | Should -Match 'Disaster recovery of machines'
    }
}
