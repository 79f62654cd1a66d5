# What a run reports, seen from outside: each file is run in a process of its own.
BeforeAll {
    function Invoke-TestFile {
        param([string] $Text)
        $file = Join-Path $TestDrive "$([guid]::NewGuid()).ps1"
        $result = "$file.json"
        Set-Content $file $Text
        $runner = Join-Path $PSScriptRoot '../Invoke-PesterFile.ps1'
        $output = & ([Environment]::ProcessPath) -NoProfile -File $runner -Path $file -ResultPath $result 2>&1
        $exitCode = $LASTEXITCODE
        $totals = if (Test-Path $result) { Get-Content $result -Raw | ConvertFrom-Json }
        [pscustomobject] @{ ExitCode = $exitCode; Totals = $totals; Output = $output -join "`n" }
    }
}

Describe 'A run' {
    It 'succeeds when every test passes' {
        $run = Invoke-TestFile "Describe 'a' { It 'b' { 1 | Should -Be 1 } }"
        $run.ExitCode | Should -Be 0
        $run.Totals.Passed | Should -Be 1
        $run.Totals.Failed | Should -Be 0
    }

    It 'fails, and names the test and the reason, when an assertion does' {
        $run = Invoke-TestFile "Describe 'a' { It 'tells' { 1 | Should -Be 2; 'not reached' | Should -Be '' }; It 'goes on' { } }"
        $run.ExitCode | Should -Be 1
        $run.Totals.Passed | Should -Be 1
        $run.Totals.Failed | Should -Be 1
        $run.Output | Should -Match '\[-\] tells'
        $run.Output | Should -Match 'but got 1'
    }

    It 'fails when a test throws, at the statement that throws' {
        $run = Invoke-TestFile "Describe 'a' { It 'b' { Get-Item /no/such/item -ErrorAction Stop; Set-ItResult -Skipped } }"
        $run.Totals.Failed | Should -Be 1
        $run.Totals.Skipped | Should -Be 0
    }

    It 'fails every test of a block whose BeforeAll fails' {
        $run = Invoke-TestFile "Describe 'a' { BeforeAll { throw 'no set-up' }; It 'b' { }; It 'c' { } }; Describe 'd' { It 'e' { } }"
        $run.ExitCode | Should -Be 1
        $run.Totals.Passed | Should -Be 1
        $run.Totals.Failed | Should -BeGreaterOrEqual 2
        $run.Output | Should -Match 'no set-up'
    }

    It 'fails when a file cannot be read' {
        $run = Invoke-TestFile "Describe 'a' { throw 'in discovery' }"
        $run.ExitCode | Should -Be 1
        $run.Totals.Failed | Should -BeGreaterOrEqual 1
    }

    It 'runs the clean-ups of a failed test' {
        $mark = Join-Path $TestDrive 'cleaned'
        $run = Invoke-TestFile "Describe 'a' { AfterEach { Set-Content '$mark' 'yes' }; It 'b' { throw 'x' } }"
        $run.Totals.Failed | Should -Be 1
        $mark | Should -Exist
    }

    It 'counts what was skipped, with its reason' {
        $run = Invoke-TestFile "Describe 'a' { It 'b' -Skip { }; It 'c' { Set-ItResult -Skipped -Because 'no tool' } }"
        $run.ExitCode | Should -Be 0
        $run.Totals.Skipped | Should -Be 2
        $run.Totals.SkipReasons -join ';' | Should -Match 'no tool'
    }
}
