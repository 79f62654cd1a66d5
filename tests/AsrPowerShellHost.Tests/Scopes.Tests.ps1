# How blocks, set-ups and data reach each other. These hold in Pester 5 itself and in the host's stand-in for it.
BeforeDiscovery {
    $discovered = 'one', 'two'
}

BeforeAll {
    $fromFile = 'file'
}

Describe 'Variables of set-ups' {
    BeforeAll {
        $fromBlock = 'block'
        $list = [System.Collections.Generic.List[string]]::new()
        function Get-Greeting { 'hello' }
    }

    BeforeEach {
        $counter = 0
        $list.Add('each')
    }

    It 'are seen by tests, from the file and from the block' {
        $fromFile | Should -Be 'file'
        $fromBlock | Should -Be 'block'
        Get-Greeting | Should -Be 'hello'
    }

    It 'are set anew for each test by BeforeEach' {
        $counter++
        $counter | Should -Be 1
        $list | Should -HaveCount 2
    }

    It 'are not changed for others by a test' {
        $fromBlock = 'changed'
        $fromBlock | Should -Be 'changed'
    }

    It 'have the value of the set-up again in the next test' {
        $fromBlock | Should -Be 'block'
    }

    Context 'an inner block' {
        BeforeAll {
            $fromBlock = 'inner'
        }

        It 'sees its own value first' {
            $fromBlock | Should -Be 'inner'
            $fromFile | Should -Be 'file'
        }
    }

    It 'stay as they were after an inner block' {
        $fromBlock | Should -Be 'block'
    }
}

Describe 'Variables of the discovery' {
    It 'do not reach the run' {
        $discovered | Should -BeNullOrEmpty
    }

    It 'make tests: <_>' -ForEach $discovered {
        $_ | Should -BeIn 'one', 'two'
    }
}

Describe 'Data' {
    It 'of a table becomes variables: <name> has <info.size>' -ForEach @(
        @{ Name = 'small'; Info = @{ Size = 1 } }
        @{ Name = 'large'; Info = @{ Size = 9 } }
    ) {
        $info.size | Should -BeGreaterThan 0
        $name | Should -BeIn 'small', 'large'
        $_.Name | Should -Be $name
    }

    It 'reaches a param block' -TestCases @{ Left = 1; Right = 2 } {
        param($Left, $Right)
        $Left + $Right | Should -Be 3
    }

    Context 'of a block: <_>' -ForEach 'a', 'b' {
        BeforeAll {
            $fromData = "got $_"
        }

        It 'is seen in its tests' {
            $fromData | Should -BeLike 'got ?'
        }
    }
}

Describe 'TestDrive' {
    It 'is a folder for the tests' {
        Set-Content (Join-Path $TestDrive 'a.txt') 'one', 'two'
        'TestDrive:/a.txt' | Should -Exist
        'TestDrive:/a.txt' | Should -FileContentMatch 'TWO'
        Join-Path $TestDrive 'b.txt' | Should -Not -Exist
    }
}

Describe 'Skipping' {
    It 'is possible for a test' -Skip {
        throw 'This does not run.'
    }

    It 'is possible from within, with a reason' {
        Set-ItResult -Skipped -Because 'the reason is tested'
        throw 'This does not run.'
    }
}
