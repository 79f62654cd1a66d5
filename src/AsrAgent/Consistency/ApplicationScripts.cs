using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Agent.Consistency;

/// <summary>
/// Brings applications to rest by the scripts of the machine's owner: each file of a folder, by name, is called with <c>pre</c> before the instant and, in reverse order,
/// with <c>post</c> after it. Every script whose <c>pre</c> was begun gets its <c>post</c>, whatever failed: half of a preparation must be undone too. The scripts run as the agent, so one that
/// anyone but root could have written is refused.
/// </summary>
internal sealed class ApplicationScripts(string folder, TimeSpan timeout) : IApplicationQuiescence
{
    /// <summary>Where scripts are by default.</summary>
    public const string DefaultFolder = "/etc/asr-agent/app-consistent.d";

    /// <summary>How long one script may take by default.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private const int ScriptsMax = 64;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <inheritdoc/>
    public async Task<IApplicationRest> RestAsync(CancellationToken cancellationToken)
    {
        Rest rest = new(timeout);
        foreach (string script in Find())
        {
            if (cancellationToken.IsCancellationRequested)
            {
                await rest.ReleaseAsync().ConfigureAwait(false);
                throw new OperationCanceledException(cancellationToken);
            }

            if (await rest.PrepareAsync(script).ConfigureAwait(false) is { } error)
            {
                await rest.ReleaseAsync().ConfigureAwait(false);
                throw error.ToException();
            }
        }

        return rest;
    }

    private string[] Find()
    {
        if (FileStatus.Read(folder) is not { } status)
        {
            return [];
        }

        RequireRoots(folder, status);
        string[] files;
        try
        {
            files = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.AppConsistencyFailed, $"The folder '{folder}' cannot be read: {error.Message}", "Correct its permissions.", folder, error);
        }

        List<string> scripts = [];
        foreach (string file in files)
        {
            // What is not executable is a note, or switched off.
            if (FileStatus.Read(file) is { } script && (script.Permissions & Executable) != 0)
            {
                RequireRoots(file, script);
                scripts.Add(file);
            }
        }

        return scripts.Count <= ScriptsMax
            ? [.. scripts]
            : throw new AsrException(AsrErrorCode.AppConsistencyFailed, $"'{folder}' holds {scripts.Count} scripts, more than {ScriptsMax}.", "Let one script call others.", folder);
    }

    private static void RequireRoots(string path, FileStatus status)
    {
        if (status.OwnerId != 0 || (status.Permissions & WritableByOthers) != 0)
        {
            throw new AsrException(
                AsrErrorCode.AppConsistencyFailed,
                $"'{path}' is refused: it runs as root, and others than root can change it.",
                $"chown root '{path}'; chmod go-w '{path}'",
                path);
        }
    }

    /// <summary>The scripts whose <c>pre</c> was begun.</summary>
    private sealed class Rest(TimeSpan timeout) : IApplicationRest
    {
        private readonly Stack<string> _begun = [];

        public int Prepared { get; private set; }

        public Task<AsrError?> PrepareAsync(string script)
        {
            _begun.Push(script);
            Prepared++;
            return CallAsync(script, "pre");
        }

        public async Task<AsrError?> ReleaseAsync()
        {
            AsrError? first = null;
            while (_begun.TryPop(out string? script))
            {
                AsrError? error = await CallAsync(script, "post").ConfigureAwait(false);
                first ??= error;
            }

            return first;
        }

        private async Task<AsrError?> CallAsync(string script, string phase)
        {
            ScriptRun run = await ScriptRun.RunAsync(script, phase, timeout).ConfigureAwait(false);
            return run.ExitCode == 0
                ? null
                : new AsrError
                {
                    Code = AsrErrorCode.AppConsistencyFailed,
                    Message = string.Create(
                        CultureInfo.InvariantCulture,
                        $"'{script} {phase}' {(run.ExitCode is { } code ? $"ended with {code}" : $"did not start or did not end within {timeout.TotalSeconds} s")}.{(run.LastWords.Length > 0 ? " It said: " + run.LastWords : "")}"),
                    Action = "Run it by hand as root, and correct it.",
                    Target = script,
                };
        }
    }
}
