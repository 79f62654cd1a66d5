using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using Asr.Agent.Appliance;
using Asr.Agent.Disks;
using Asr.Contracts;

namespace Asr.Agent.Settings;

/// <summary>
/// Reads the settings file: one JSON object, in which comments and trailing commas are allowed. Nothing in it is passed over: an unknown name, a name given twice or
/// a value of the wrong kind is <see cref="AsrErrorCode.InvalidArgument"/> with line and column, because an agent that protects other disks than it was told to is worse than one that does not start.
/// </summary>
internal ref struct AgentSettingsReader
{
    /// <summary>Bytes of the file at most.</summary>
    public const int BytesMax = 1 << 20;

    private readonly ReadOnlySpan<byte> _text;
    private readonly string _path;
    private Utf8JsonReader _json;

    private AgentSettingsReader(ReadOnlySpan<byte> text, string path)
    {
        _text = text;
        _path = path;
        _json = new Utf8JsonReader(text, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
    }

    /// <summary>Reads the file at <paramref name="path"/>; with null the one at the usual place, which may be absent: then everything has its default.</summary>
    public static AgentSettings Load(string? path)
    {
        string file = Path.GetFullPath(path ?? AgentSettings.DefaultPath);
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            byte[] text = new byte[BytesMax + 1];
            int count = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return count <= BytesMax
                ? Read(text.AsSpan(0, count), file)
                : throw new AsrException(AsrErrorCode.InvalidArgument, $"The settings file '{file}' has more than {BytesMax} bytes.", "Correct the file.", file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return path is null
                ? new AgentSettings()
                : throw new AsrException(AsrErrorCode.NotFound, $"There is no settings file '{file}'.", "Correct --settings, or run asr-agent install.", file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"The settings file '{file}' cannot be read: {error.Message}", "Check the file's permissions.", file, error);
        }
    }

    /// <summary>Reads settings from UTF-8 text; <paramref name="path"/> is for messages.</summary>
    public static AgentSettings Read(ReadOnlySpan<byte> text, string path)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        AgentSettingsReader reader = new(text.StartsWith(mark) ? text[mark.Length..] : text, path);
        try
        {
            return reader.ReadFile();
        }
        catch (JsonException error)
        {
            // Its message ends with the place, counted from zero; people count from one.
            string reason = error.Message.Split(" LineNumber:")[0];
            throw reader.Invalid((error.LineNumber ?? 0) + 1, (error.BytePositionInLine ?? 0) + 1, $"this is not JSON: {reason}", "Correct the file.", error);
        }
    }

    private AgentSettings ReadFile()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
        {
            throw Invalid("the settings are not one JSON object", "Write { } around them.");
        }

        AgentSettings settings = new();
        HashSet<string> seen = [];
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string name = _json.GetString()!;
            if (!SettingName.All.Contains(name))
            {
                throw Invalid($"there is no setting '{name}'", Suggest(name));
            }

            if (!seen.Add(name))
            {
                throw Invalid($"'{name}' is set twice", "Leave one of them.");
            }

            _json.Read();
            settings = ReadSetting(settings, name);
        }

        // Reads on to the end: what follows the object is an error.
        while (_json.Read())
        {
        }

        return settings;
    }

    private AgentSettings ReadSetting(AgentSettings settings, string name) => name switch
    {
        SettingName.Appliance => settings with { Appliance = ReadAppliance() },
        SettingName.State => settings with { State = ReadFolder(name) },
        SettingName.MachineDisks => settings with { MachineDisks = ReadBoolean(name) },
        SettingName.Exclude => settings with { Exclude = ReadTexts(name, DiskExclusion.Check) },
        SettingName.Disks => settings with { Disks = ReadTexts(name, text => DiskOption.Parse(text)) },
        _ => throw new InvalidOperationException($"The setting '{name}' is not read."),
    };

    private Uri? ReadAppliance()
    {
        if (_json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        string text = ReadText(SettingName.Appliance);
        return Checked(() => ApplianceAddress.Parse(text));
    }

    private string ReadFolder(string name)
    {
        string path = ReadText(name);
        return Path.IsPathFullyQualified(path) ? Path.GetFullPath(path) : throw Invalid($"'{name}' is '{path}', which is no absolute path", "Write a path that begins with '/'.");
    }

    private bool ReadBoolean(string name) => _json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Invalid($"'{name}' is neither true nor false", "Write true or false, without quotes."),
    };

    private List<string> ReadTexts(string name, Action<string> check)
    {
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            throw Invalid($"'{name}' is no list", "Write [\"one\", \"two\"].");
        }

        List<string> texts = [];
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            string text = ReadText(name);
            Checked(() =>
            {
                check(text);
                return true;
            });
            texts.Add(text);
        }

        return texts;
    }

    private string ReadText(string name) => _json.TokenType == JsonTokenType.String && _json.GetString() is { Length: > 0 } text
        ? text
        : throw Invalid($"'{name}' has a value that is no text", "Write it in double quotes.");

    // A check that knows its own rule and not this file: the place is added here.
    private readonly T Checked<T>(Func<T> check)
    {
        try
        {
            return check();
        }
        catch (AsrException error)
        {
            throw Invalid(error.Message, error.Action ?? "Correct the file.", error);
        }
    }

    private static string Suggest(string name) =>
        SettingName.All.FirstOrDefault(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) is { } meant
            ? $"Write '{meant}'."
            : $"The settings are {string.Join(", ", SettingName.All)}.";

    private readonly AsrException Invalid(string what, string action, Exception? inner = null)
    {
        ReadOnlySpan<byte> before = _text[..(int)_json.TokenStartIndex];
        return Invalid(before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'), what, action, inner);
    }

    private readonly AsrException Invalid(long line, long column, string what, string action, Exception? inner) => new(
        AsrErrorCode.InvalidArgument,
        string.Create(CultureInfo.InvariantCulture, $"Settings file '{_path}', line {line}, column {column}: {what.TrimEnd('.')}."),
        action,
        _path,
        inner);
}
