# The commands that scripts and tests of this project use behave alike in pwsh and in the project's own host.
Describe 'Objects' {
    It 'are selected, with calculated properties' {
        $selected = [pscustomobject] @{ A = 1; B = 2 } | Select-Object A, @{ n = 'Sum'; e = { $_.A + $_.B } }
        $selected.Sum | Should -Be 3
        $selected.PSObject.Properties.Name | Should -Be 'A', 'Sum'
        1..10 | Select-Object -First 2 -Skip 1 | Should -Be 2, 3
        1..10 | Select-Object -Last 2 | Should -Be 9, 10
    }

    It 'stop the pipeline before them with -First' {
        $seen = [System.Collections.Generic.List[int]]::new()
        1..100 | ForEach-Object { $seen.Add($_); $_ } | Select-Object -First 1 | Should -Be 1
        $seen | Should -HaveCount 1
    }

    It 'are sorted, grouped, measured and compared' {
        3, 1, 2 | Sort-Object -Descending | Should -Be 3, 2, 1
        $groups = 'b', 'a', 'b' | Group-Object
        $groups | ForEach-Object { "$($_.Name)$($_.Count)" } | Should -Be 'a1', 'b2'
        (1..4 | Measure-Object -Sum).Sum | Should -Be 10
        Compare-Object 1, 2 2, 3 | ForEach-Object { "$($_.InputObject)$($_.SideIndicator)" } | Sort-Object | Should -Be '1<=', '3=>'
    }

    It 'become JSON and come back' {
        $text = [ordered] @{ name = 'x'; list = 1, 2.5; inner = @{ flag = $true } } | ConvertTo-Json -Compress
        $text | Should -Be '{"name":"x","list":[1,2.5],"inner":{"flag":true}}'
        ($text | ConvertFrom-Json).inner.flag | Should -BeTrue
    }
}

Describe 'Files' {
    It 'are written, read, copied, moved and removed' {
        $file = Join-Path $TestDrive 'one.txt'
        Set-Content $file 'a', 'b'
        Add-Content $file 'c'
        Get-Content $file | Should -Be 'a', 'b', 'c'
        $null = New-Item -ItemType Directory (Join-Path $TestDrive 'sub')
        Copy-Item $file (Join-Path $TestDrive 'sub')
        Move-Item $file (Join-Path $TestDrive 'two.txt')
        (Get-ChildItem $TestDrive -Recurse -File).Name | Sort-Object | Should -Be 'one.txt', 'two.txt'
        Remove-Item (Join-Path $TestDrive 'sub') -Recurse
        Test-Path (Join-Path $TestDrive 'sub') | Should -BeFalse
    }

    It 'are hashed' {
        [IO.File]::WriteAllText((Join-Path $TestDrive 'abc'), 'abc')
        (Get-FileHash (Join-Path $TestDrive 'abc')).Hash |
            Should -Be 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'
    }
}

Describe 'Views of a module' {
    BeforeAll {
        $folder = Join-Path $TestDrive 'Shown'
        $null = New-Item -ItemType Directory $folder
        Set-Content (Join-Path $folder 'Shown.psm1') @'
            function Get-Shown { [pscustomobject] @{ PSTypeName = 'Shown.Thing'; Size = 2048; Hidden = 'not shown' } }
            function Get-Word {
                param([ArgumentCompleter({ param($c, $p, $word) 'alpha', 'beta' | Where-Object { $_ -like "$word*" } })] $Word)
            }
'@
        Set-Content (Join-Path $folder 'Shown.Format.ps1xml') @'
<Configuration><ViewDefinitions><View>
  <Name>Shown</Name><ViewSelectedBy><TypeName>Shown.Thing</TypeName></ViewSelectedBy>
  <TableControl>
    <TableHeaders><TableColumnHeader><Label>KiB</Label></TableColumnHeader></TableHeaders>
    <TableRowEntries><TableRowEntry><TableColumnItems>
      <TableColumnItem><ScriptBlock>$_.Size / 1KB</ScriptBlock></TableColumnItem>
    </TableColumnItems></TableRowEntry></TableRowEntries>
  </TableControl>
</View></ViewDefinitions></Configuration>
'@
        Set-Content (Join-Path $folder 'Shown.psd1') @'
@{ RootModule = 'Shown.psm1'; ModuleVersion = '1.0'; FormatsToProcess = 'Shown.Format.ps1xml'; FunctionsToExport = '*' }
'@
        Import-Module (Join-Path $folder 'Shown.psd1')
    }

    AfterAll {
        Remove-Module Shown
    }

    It 'are used by default and by Format-Table' {
        $lines = (Get-Shown | Out-String -Stream).Trim() | Where-Object { $_ }
        $lines | Should -Be 'KiB', '---', '2'
        (Get-Shown | Format-Table | Out-String) | Should -Match 'KiB'
    }

    It 'give way to properties asked for' {
        Get-Shown | Format-List Size, Hidden | Out-String | Should -Match 'Hidden : not shown'
        Get-Shown | Format-Table @{ Label = 'Half'; Expression = { $_.Size / 2 } } | Out-String | Should -Match '1024'
    }

    It 'are completed by the argument completer' {
        $text = 'Get-Word -Word b'
        $completion = [System.Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null)
        $completion.CompletionMatches.CompletionText | Should -Be 'beta'
    }
}

Describe 'A script in a process of its own' {
    It 'ends with exit code <code> for: <text>' -ForEach @(
        @{ Text = 'exit 7'; Code = 7 }
        @{ Text = 'throw "x"'; Code = 1 }
        @{ Text = '"fine"'; Code = 0 }
        @{ Text = 'Get-Item /no/such/item; "goes on"'; Code = 0 }
    ) {
        $file = Join-Path $TestDrive 'script.ps1'
        Set-Content $file $text
        $null = & ([Environment]::ProcessPath) -NoProfile -File $file 2>&1
        $LASTEXITCODE | Should -Be $code
    }

    It 'gets its parameters' {
        $file = Join-Path $TestDrive 'parameters.ps1'
        Set-Content $file 'param([int] $Number, [switch] $Flag, [string] $Text) "$($Number + 1) $Flag $Text"'
        & ([Environment]::ProcessPath) -NoProfile -File $file -Number 4 -Flag -Text 'a b' | Should -Be '5 True a b'
    }
}
