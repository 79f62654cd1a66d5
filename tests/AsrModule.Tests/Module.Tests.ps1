BeforeAll {
    $modulePath = if ($env:ASR_MODULE_PATH) { $env:ASR_MODULE_PATH } else { Join-Path $PSScriptRoot '../../out/module/AsrModule' }
    $manifestPath = Join-Path $modulePath 'AsrModule.psd1'
    Import-Module $manifestPath -Force
}

Describe 'The module as built' {
    It 'has a valid manifest' {
        $manifest = Test-ModuleManifest $manifestPath -ErrorAction Stop
        $manifest.Name | Should -Be 'AsrModule'
        $manifest.PowerShellVersion | Should -BeGreaterOrEqual ([version] '7.4')
    }

    It 'is loaded with the version of its manifest' {
        $data = Import-PowerShellDataFile $manifestPath
        (Get-Module AsrModule).Version | Should -Be ([version] $data.ModuleVersion)
    }

    It 'exports the commands that its manifest lists, and no others' {
        $listed = @((Import-PowerShellDataFile $manifestPath).CmdletsToExport | Sort-Object)
        $exported = @((Get-Module AsrModule).ExportedCmdlets.Keys | Sort-Object)
        $exported | Should -Be $listed
    }

    It 'carries the <_> executable' -ForEach 'asr-agent', 'asr-appliance' {
        Join-Path $modulePath "bin/$_" | Should -Exist
    }
}
