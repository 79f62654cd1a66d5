using System.Reflection;

namespace Asr.Agent.Hosting;

/// <summary>The version of this program, as it reports it.</summary>
internal static class AgentVersion
{
    /// <summary>Three numbers.</summary>
    public static string Text { get; } = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0.0.0";
}
