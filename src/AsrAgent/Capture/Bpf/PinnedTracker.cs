using System;
using System.IO;
using System.Runtime.InteropServices;
using Asr.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Asr.Agent.Capture.Bpf;

/// <summary>
/// The kernel objects of one tracked disk, pinned under a folder of bpffs so that they go on without any process. Owns the descriptors; the objects
/// themselves live until <see cref="Remove"/>.
/// </summary>
internal sealed class PinnedTracker : IDisposable
{
    /// <summary>Raised whenever maps or programs change their meaning.</summary>
    public const long LayoutVersion = 2;

    /// <summary>Writes under way that are followed; one more is counted as not followed.</summary>
    public const int UnderWayMax = 1 << 14;

    private const int BytesPerMegabyte = 1 << 20;
    private const int VerifierLogBytes = 1 * BytesPerMegabyte;

    private static readonly string[] MapNames = ["blocks", "summary", "chunks", "under_way", "counters"];
    private static readonly string[] ProgramNames = ["on_queue", "on_request_complete", "on_complete", "on_issue"];

    private readonly SafeFileHandle[] _maps;
    private readonly SafeFileHandle[] _programs;

    private PinnedTracker(SafeFileHandle[] maps, SafeFileHandle[] programs, TrackerGeometry geometry)
    {
        _maps = maps;
        _programs = programs;
        try
        {
            Blocks = new MappedWords(maps[0], geometry.BlockWords);
            Summary = new MappedWords(maps[1], geometry.ChunkWords);
            WholeChunks = new MappedWords(maps[2], geometry.ChunkWords);
            Counters = new MappedWords(maps[4], (int)Counter.Count);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A bit for each block.</summary>
    public MappedWords Blocks { get; } = null!;

    /// <summary>A bit for each chunk with anything to look at.</summary>
    public MappedWords Summary { get; } = null!;

    /// <summary>A bit for each chunk that was written as a whole.</summary>
    public MappedWords WholeChunks { get; } = null!;

    /// <summary>See <see cref="Counter"/>.</summary>
    public MappedWords Counters { get; } = null!;

    /// <summary>The table of writes under way.</summary>
    public SafeFileHandle UnderWay => _maps[3];

    /// <summary>How often the programs whose every run counts were skipped.</summary>
    public long Misses => Math.Max(0, BpfCalls.ReadRecursionMisses(_programs[0])) + Math.Max(0, BpfCalls.ReadRecursionMisses(_programs[3]));

    /// <summary>Opens what an earlier process pinned, or null when it is not there, not whole, or not of this layout and disk.</summary>
    public static PinnedTracker? Open(string folder, TrackerGeometry geometry)
    {
        SafeFileHandle[] maps = OpenAll(folder, MapNames);
        SafeFileHandle[] programs = OpenAll(folder, ProgramNames);
        SafeFileHandle[] links = OpenAll(folder, Array.ConvertAll(ProgramNames, LinkName));
        bool isWhole = Array.TrueForAll([.. maps, .. programs, .. links], static handle => !handle.IsInvalid);
        CloseAll(links);
        if (!isWhole)
        {
            CloseAll(maps);
            CloseAll(programs);
            return null;
        }

        // The length of the counters never changes, so these can be looked at before the others are trusted.
        using (MappedWords counters = new(maps[4], (int)Counter.Count))
        {
            if (!geometry.IsNotedIn(counters))
            {
                CloseAll(maps);
                CloseAll(programs);
                return null;
            }
        }

        return new PinnedTracker(maps, programs, geometry);
    }

    /// <summary>Makes and pins everything; what fails halfway leaves nothing behind.</summary>
    public static PinnedTracker Create(string folder, TrackerGeometry geometry, TrackerPrograms code, BlockLayer layer)
    {
        SafeFileHandle[] maps = [];
        SafeFileHandle[] programs = [];
        try
        {
            Directory.CreateDirectory(folder);
            maps =
            [
                MakeArray(geometry.BlockWords, "asr_blocks"),
                MakeArray(geometry.ChunkWords, "asr_summary"),
                MakeArray(geometry.ChunkWords, "asr_chunks"),
                BpfObject.Require(BpfCalls.CreateMap(BpfCalls.MapTypeHash, 8, WriteUnderWay.Bytes, UnderWayMax, 0, "asr_under_way"), "a table of writes"),
                MakeArray((int)Counter.Count, "asr_counters"),
            ];
            TrackerMaps numbers = new(Number(maps[0]), Number(maps[1]), Number(maps[2]), Number(maps[3]), Number(maps[4]));
            programs =
            [
                MakeProgram(code.OnQueue(numbers), layer.Queue.Type, "asr_on_queue"),
                MakeProgram(code.OnRequestComplete(numbers), layer.RequestComplete.Type, "asr_on_rq_end"),
                MakeProgram(code.OnComplete(numbers), layer.Complete.Type, "asr_on_bio_end"),
                MakeProgram(code.OnIssue(numbers), layer.Issue.Type, "asr_on_issue"),
            ];
            for (int i = 0; i < maps.Length; i++)
            {
                BpfObject.RequireSuccess(BpfCalls.Pin(maps[i], Path.Combine(folder, MapNames[i])), "to keep a map under " + folder);
            }

            PinnedTracker tracker = new(maps, programs, geometry);
            for (int i = 0; i < programs.Length; i++)
            {
                using SafeFileHandle link = BpfObject.Require(BpfCalls.OpenRawTracepoint(programs[i]), "to attach a program");
                BpfObject.RequireSuccess(BpfCalls.Pin(programs[i], Path.Combine(folder, ProgramNames[i])), "to keep a program under " + folder);
                BpfObject.RequireSuccess(BpfCalls.Pin(link, Path.Combine(folder, LinkName(ProgramNames[i]))), "to keep a link under " + folder);
            }

            // Last: only what is whole says whose it is.
            geometry.NoteIn(tracker.Counters);
            return tracker;
        }
        catch
        {
            CloseAll(maps);
            CloseAll(programs);
            Remove(folder);
            throw;
        }
    }

    /// <summary>Ends the tracking that is pinned in a folder, if there is any.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (string file in Directory.EnumerateFiles(folder))
        {
            File.Delete(file);
        }

        Directory.Delete(folder);
    }

    /// <summary>Closes the descriptors. The tracking goes on.</summary>
    public void Dispose()
    {
        Blocks?.Dispose();
        Summary?.Dispose();
        WholeChunks?.Dispose();
        Counters?.Dispose();
        CloseAll(_maps);
        CloseAll(_programs);
    }

    private static string LinkName(string program) => program + "_link";

    private static SafeFileHandle MakeArray(int words, string name) =>
        BpfObject.Require(BpfCalls.CreateMap(BpfCalls.MapTypeArray, 4, 8, words, BpfCalls.MapMemoryMappable, name), $"a map of {words} words");

    private static SafeFileHandle MakeProgram(ulong[] code, int tracepoint, string name)
    {
        int result = BpfCalls.LoadTracingProgram(code, tracepoint, name, log: null);
        if (result >= 0)
        {
            return new SafeFileHandle(result, ownsHandle: true);
        }

        // Once more for the verifier's reasons; of a long log the end says why.
        byte[] log = new byte[VerifierLogBytes];
        int again = BpfCalls.LoadTracingProgram(code, tracepoint, name, log);
        if (again >= 0)
        {
            return new SafeFileHandle(again, ownsHandle: true);
        }

        string text = System.Text.Encoding.UTF8.GetString(log).TrimEnd('\0');
        string end = text.Length > 600 ? text[^600..] : text;
        throw new AsrException(
            AsrErrorCode.CaptureUnavailable,
            $"The kernel refused the program {name}: {Marshal.GetPInvokeErrorMessage(-again)}. {end}",
            "Use Linux 5.15 or newer, and run the agent as root; until then the disk is compared by hash.");
    }

    private static SafeFileHandle[] OpenAll(string folder, string[] names) => Array.ConvertAll(names, name =>
    {
        int result = BpfCalls.OpenPinned(Path.Combine(folder, name));
        return new SafeFileHandle(result < 0 ? -1 : result, ownsHandle: true);
    });

    private static void CloseAll(SafeFileHandle[] handles) => Array.ForEach(handles, static handle => handle.Dispose());

    private static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();
}
