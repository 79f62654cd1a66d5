using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Asr.Agent.Settings;

/// <summary>Writes a settings file that <see cref="AgentSettingsReader"/> reads, every setting in it and explained.</summary>
internal static class AgentSettingsWriter
{
    /// <summary>The file's content.</summary>
    public static byte[] Write(AgentSettings settings) => Encoding.UTF8.GetBytes(
        $$"""
        // Settings of asr-agent; /usr/share/doc/asr-agent/agent.md has more. Restart the agent after a change: systemctl restart asr-agent
        {
          // The appliance that 'asr-agent enroll' asks: "https://host:port".
          "{{SettingName.Appliance}}": {{(settings.Appliance is null ? "null" : Text(settings.Appliance.ToString().TrimEnd('/')))}},

          // The folder of identity, disk ids and logs.
          "{{SettingName.State}}": {{Text(settings.State)}},

          // true: every whole disk of this machine that is not excluded, those included that are added later.
          "{{SettingName.MachineDisks}}": {{(settings.MachineDisks ? "true" : "false")}},

          // Disks to leave out: "/dev/sdb", "/dev/disk/by-id/usb-*".
          "{{SettingName.Exclude}}": {{List(settings.Exclude)}},

          // Disks named one by one: "NAME=PATH" is tracked in place, "NAME=PATH@LISTEN" is served over NBD.
          "{{SettingName.Disks}}": {{List(settings.Disks)}}
        }

        """);

    private static string Text(string value) => $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private static string List(IReadOnlyList<string> values) => $"[{string.Join(", ", values.Select(Text))}]";
}
