using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>The operators: one switch each, one parameter set each.</summary>
public sealed partial class ShouldCommand
{
    [Parameter(Mandatory = true, ParameterSetName = nameof(Be))]
    [Alias("EQ")]
    public SwitchParameter Be { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeExactly))]
    [Alias("CEQ")]
    public SwitchParameter BeExactly { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeTrue))]
    public SwitchParameter BeTrue { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeFalse))]
    public SwitchParameter BeFalse { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeNullOrEmpty))]
    public SwitchParameter BeNullOrEmpty { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeOfType))]
    [Alias("HaveType")]
    public SwitchParameter BeOfType { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeGreaterThan))]
    [Alias("GT")]
    public SwitchParameter BeGreaterThan { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeGreaterOrEqual))]
    [Alias("GE")]
    public SwitchParameter BeGreaterOrEqual { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeLessThan))]
    [Alias("LT")]
    public SwitchParameter BeLessThan { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeLessOrEqual))]
    [Alias("LE")]
    public SwitchParameter BeLessOrEqual { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(Match))]
    public SwitchParameter Match { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(MatchExactly))]
    [Alias("CMATCH")]
    public SwitchParameter MatchExactly { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeLike))]
    public SwitchParameter BeLike { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeLikeExactly))]
    public SwitchParameter BeLikeExactly { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(Contain))]
    public SwitchParameter Contain { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(BeIn))]
    public SwitchParameter BeIn { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(HaveCount))]
    public SwitchParameter HaveCount { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(Exist))]
    public SwitchParameter Exist { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(FileContentMatch))]
    public SwitchParameter FileContentMatch { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = nameof(Throw))]
    public SwitchParameter Throw { get; set; }
}
