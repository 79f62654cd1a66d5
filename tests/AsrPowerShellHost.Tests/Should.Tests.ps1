# Each operator, and that its opposite fails.
Describe 'Should' {
    It 'holds for -<operator>' -ForEach @(
        @{ Operator = 'Be'; Actual = 'ABC'; Expected = 'abc'; Wrong = 'abd' }
        @{ Operator = 'Be'; Actual = 1, 2, 3; Expected = 1, 2, 3; Wrong = 1, 2 }
        @{ Operator = 'BeExactly'; Actual = 'abc'; Expected = 'abc'; Wrong = 'ABC' }
        @{ Operator = 'BeOfType'; Actual = 1; Expected = [int]; Wrong = [string] }
        @{ Operator = 'BeGreaterThan'; Actual = 3; Expected = 2; Wrong = 3 }
        @{ Operator = 'BeGreaterOrEqual'; Actual = 3; Expected = 3; Wrong = 4 }
        @{ Operator = 'BeLessThan'; Actual = 3; Expected = 4; Wrong = 3 }
        @{ Operator = 'BeLessOrEqual'; Actual = 3; Expected = 3; Wrong = 2 }
        @{ Operator = 'Match'; Actual = 'ABC'; Expected = '^a.c$'; Wrong = '^b' }
        @{ Operator = 'MatchExactly'; Actual = 'abc'; Expected = '^a.c$'; Wrong = '^A' }
        @{ Operator = 'BeLike'; Actual = 'ABC'; Expected = 'a*'; Wrong = 'b*' }
        @{ Operator = 'Contain'; Actual = 1, 2; Expected = 2; Wrong = 3 }
        @{ Operator = 'BeIn'; Actual = 2; Expected = 1, 2; Wrong = 3, 4 }
        @{ Operator = 'HaveCount'; Actual = 1, 2; Expected = 2; Wrong = 1 }
    ) {
        $right = @{ $operator = $true; ExpectedValue = $expected; ActualValue = $actual }
        $wrongly = @{ $operator = $true; ExpectedValue = $wrong; ActualValue = $actual }
        if ($operator -in 'Match', 'MatchExactly') {
            $right = @{ $operator = $true; RegularExpression = $expected; ActualValue = $actual }
            $wrongly = @{ $operator = $true; RegularExpression = $wrong; ActualValue = $actual }
        }
        elseif ($operator -eq 'BeOfType') {
            $right = @{ $operator = $true; ExpectedType = $expected; ActualValue = $actual }
            $wrongly = @{ $operator = $true; ExpectedType = $wrong; ActualValue = $actual }
        }

        Should @right
        Should @wrongly -Not
        { Should @wrongly } | Should -Throw -ErrorId 'PesterAssertionFailed*'
        { Should @right -Not } | Should -Throw -ErrorId 'PesterAssertionFailed*'
    }

    It 'knows true, false and nothing' {
        $true | Should -BeTrue
        $false | Should -BeFalse
        $null | Should -BeNullOrEmpty
        '' | Should -BeNullOrEmpty
        @() | Should -BeNullOrEmpty
        @() | Should -HaveCount 0
        0 | Should -Not -BeNullOrEmpty
        $null | Should -Be $null
    }

    It 'says what it expected, what it got and why' {
        { 1 | Should -Be 2 -Because 'of a reason' } | Should -Throw -ExpectedMessage '*2*because of a reason*but got 1*'
    }
}

Describe 'Should -Throw' {
    It 'catches throw, ErrorAction Stop and errors of .NET' {
        { throw 'boom' } | Should -Throw -ExpectedMessage 'bo*'
        { throw 'boom' } | Should -Throw 'boom'
        { Get-Item (Join-Path $TestDrive 'none') -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
        { [int]::Parse('x') } | Should -Throw -ExceptionType ([System.Management.Automation.MethodInvocationException])
    }

    It 'fails when nothing, or something else, is thrown' {
        { { 1 } | Should -Throw } | Should -Throw -ErrorId 'PesterAssertionFailed*'
        { { throw 'a' } | Should -Throw 'b' } | Should -Throw -ErrorId 'PesterAssertionFailed*'
        { { throw 'a' } | Should -Not -Throw } | Should -Throw -ErrorId 'PesterAssertionFailed*'
        { 1 } | Should -Not -Throw
    }

    It 'passes the error on' {
        $failure = { throw 'boom' } | Should -Throw -PassThru
        $failure.Exception.Message | Should -Be 'boom'
    }
}
