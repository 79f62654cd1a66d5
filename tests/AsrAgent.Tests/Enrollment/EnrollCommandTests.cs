using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Agent.Tests.Doubles;
using Xunit;

namespace Asr.Agent.Tests.Enrollment;

/// <summary>The real program's command line. That a token is taken from standard input is what every end-to-end test begins with.</summary>
public sealed class EnrollCommandTests
{
    [Theory]
    [InlineData(null, "There is no token on standard input.")]
    [InlineData("", "There is no token on standard input.")]
    [InlineData("no token", "token")]
    public async Task Without_a_token_on_standard_input_it_ends_and_says_so(string? input, string message)
    {
        string state = Path.Combine(Path.GetTempPath(), $"asr-enroll-{Guid.NewGuid():N}");
        await using ManagedProcess enroll = input is null
            ? AgentProcess.Start("enroll", "--appliance", "https://127.0.0.1:1", "--state", state)
            : AgentProcess.StartWithInput(input, "enroll", "--appliance", "https://127.0.0.1:1", "--state", state);

        string errors = await enroll.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, enroll.ExitCode);
        Assert.Contains(message, errors, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_token_on_the_command_line_is_refused()
    {
        await using ManagedProcess enroll = AgentProcess.Start("enroll", "--appliance", "https://127.0.0.1:1", "--state", "none", "--token", "secret");

        string errors = await enroll.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, enroll.ExitCode);
        Assert.Contains("--token", errors, StringComparison.Ordinal);
    }
}
