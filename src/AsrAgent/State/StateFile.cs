using System;
using System.IO;
using System.Text.Json;
using Asr.Contracts;
using Asr.Engine.Vault.Local;

namespace Asr.Agent.State;

/// <summary>Reads and replaces the small JSON files of a state folder. A reader sees the old file or the new one, never a part.</summary>
internal static class StateFile
{
    /// <summary>Bytes of such a file at most.</summary>
    public const int BytesMax = 4 << 20;

    private static readonly PhysicalFileLayer Files = new();

    /// <summary>The document, or null when there is no file. A damaged one is <see cref="AsrErrorCode.InvalidArgument"/>.</summary>
    public static T? Read<T>(string path)
        where T : class
    {
        byte[]? content;
        try
        {
            content = Files.ReadAll(path, BytesMax);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Damaged(path, error);
        }

        if (content is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(content, AgentJson.Compact<T>()) ?? throw Damaged(path, null);
        }
        catch (JsonException error)
        {
            throw Damaged(path, error);
        }
    }

    /// <summary>Replaces the file, readable by its owner only, and returns once the change would survive a power cut.</summary>
    public static void WriteDurably<T>(string path, T document) => Write(path, document, isDurable: true);

    /// <summary>Replaces the file without waiting for the medium: for content that is worthless after a restart.</summary>
    public static void WriteVolatile<T>(string path, T document) => Write(path, document, isDurable: false);

    private static void Write<T>(string path, T document, bool isDurable)
    {
        string temporary = path + ".new";
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (FileStream file = new(temporary, options))
        {
            JsonSerializer.Serialize(file, document, AgentJson.Readable<T>());
            file.Flush(flushToDisk: isDurable);
        }

        Files.Replace(temporary, path);
        if (isDurable)
        {
            Files.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }

    private static AsrException Damaged(string path, Exception? inner) => new(
        AsrErrorCode.InvalidArgument,
        $"The state file '{path}' cannot be read{(inner is null ? "" : ": " + inner.Message)}",
        "Restore the file, or remove it and run asr-agent enroll again.",
        path,
        inner);
}
