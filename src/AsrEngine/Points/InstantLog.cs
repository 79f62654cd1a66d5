using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>
/// <see cref="IInstantLog"/> over the catalog. A document is named by the time of its first instant, so that the order of names is the order of time, and by
/// chance, so that two appliances on one vault never write the same one. It is replaced as it grows, until it is full.
/// </summary>
public sealed class InstantLog : IInstantLog
{
    /// <summary>Instants of a machine that wait for the vault at most: an hour of a busy machine.</summary>
    public const int WaitingMax = 3_600;

    private const int WrittenAtCount = 60;

    private static readonly TimeSpan WrittenAfter = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, MachineLog> _machines = new();
    private readonly ICatalog _catalog;
    private readonly TimeProvider _time;

    /// <summary>Uses the vault's catalog.</summary>
    public InstantLog(ICatalog catalog, TimeProvider time)
    {
        _catalog = catalog;
        _time = time;
    }

    /// <inheritdoc/>
    public void Note(Guid machineId, IReadOnlyList<MachineInstant> instants)
    {
        if (instants.Count > 0)
        {
            Of(machineId).Note(instants, _time);
        }
    }

    /// <inheritdoc/>
    public async Task WriteAsync(bool all, CancellationToken cancellationToken)
    {
        foreach ((Guid machineId, MachineLog log) in _machines)
        {
            if (all || log.IsDue(_time))
            {
                await WriteAsync(machineId, log, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<MachineInstant>> ListBeforeAsync(Guid machineId, DateTimeOffset at, int countMax, CancellationToken cancellationToken)
    {
        List<string> ids = await WriteAndListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
        List<MachineInstant> found = [];
        for (int i = ids.Count - 1; i >= 0 && found.Count < countMax; i--)
        {
            if (string.CompareOrdinal(ids[i], AfterAll(at)) >= 0)
            {
                continue;
            }

            List<MachineInstant> instants = await ReadAsync(machineId, ids[i], cancellationToken).ConfigureAwait(false);
            for (int k = instants.Count - 1; k >= 0 && found.Count < countMax; k--)
            {
                if (instants[k].Time <= at)
                {
                    found.Add(instants[k]);
                }
            }
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task<MachineInstant?> FindAfterAsync(Guid machineId, DateTimeOffset after, CancellationToken cancellationToken)
    {
        List<string> ids = await WriteAndListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);

        // The last document that begins at or before the time may reach beyond it.
        int first = ids.FindLastIndex(id => string.CompareOrdinal(id, AfterAll(after)) < 0);
        for (int i = Math.Max(0, first); i < ids.Count; i++)
        {
            List<MachineInstant> instants = await ReadAsync(machineId, ids[i], cancellationToken).ConfigureAwait(false);
            if (instants.Find(instant => instant.Time > after) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async Task<int> ExpireAsync(Guid machineId, DateTimeOffset before, CancellationToken cancellationToken)
    {
        List<string> ids = await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
        int expired = 0;

        // A document ends where the next one begins.
        while (expired + 1 < ids.Count && string.CompareOrdinal(ids[expired + 1], AfterAll(before)) < 0)
        {
            await DeleteAsync(machineId, ids[expired++], cancellationToken).ConfigureAwait(false);
        }

        return expired;
    }

    /// <inheritdoc/>
    public async Task DeleteAllAsync(Guid machineId, CancellationToken cancellationToken)
    {
        MachineLog log = Of(machineId);
        await log.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            log.Forget();
            foreach (string id in await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false))
            {
                await DeleteAsync(machineId, id, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            log.Turn.Release();
        }
    }

    private static string Collection(Guid machineId) => $"instants-{machineId:D}";

    private static string TimePart(DateTimeOffset time) => time.UtcTicks.ToString("x16", CultureInfo.InvariantCulture);

    // Greater than every id of a document that begins at the time or before.
    private static string AfterAll(DateTimeOffset time) => TimePart(time) + "~";

    private MachineLog Of(Guid machineId) => _machines.GetOrAdd(machineId, static _ => new MachineLog());

    private async Task<List<string>> WriteAndListIdsAsync(Guid machineId, CancellationToken cancellationToken)
    {
        if (_machines.TryGetValue(machineId, out MachineLog? log))
        {
            await WriteAsync(machineId, log, cancellationToken).ConfigureAwait(false);
        }

        return await ListIdsAsync(machineId, cancellationToken).ConfigureAwait(false);
    }

    private async Task WriteAsync(Guid machineId, MachineLog log, CancellationToken cancellationToken)
    {
        await log.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (log.NextDocument() is { Count: > 0 } instants)
            {
                OpenDocument open = log.Open ?? new OpenDocument($"{TimePart(instants[0].Time)}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}", null);
                try
                {
                    byte[] content = JsonSerializer.SerializeToUtf8Bytes(InstantDocument.Pack(instants), AsrJson.Options);
                    string etag = await _catalog.WriteAsync(Collection(machineId), open.Id, content, open.ETag, cancellationToken).ConfigureAwait(false);
                    log.NoteWritten(open with { ETag = etag }, instants);
                }
                catch
                {
                    // Whether it was stored is not known: what waits goes into a document of its own, and may then be there twice.
                    log.CloseDocument();
                    throw;
                }
            }
        }
        finally
        {
            log.Turn.Release();
        }
    }

    private async Task<List<string>> ListIdsAsync(Guid machineId, CancellationToken cancellationToken)
    {
        List<string> ids = [];
        await foreach (string id in _catalog.ListIdsAsync(Collection(machineId), cancellationToken).ConfigureAwait(false))
        {
            ids.Add(id);
        }

        return ids;
    }

    private async Task<List<MachineInstant>> ReadAsync(Guid machineId, string id, CancellationToken cancellationToken) =>
        await _catalog.ReadAsync(Collection(machineId), id, cancellationToken).ConfigureAwait(false) is { } document
            ? InstantDocument.Read(Collection(machineId), document)
            : [];

    private async Task DeleteAsync(Guid machineId, string id, CancellationToken cancellationToken)
    {
        if (await _catalog.ReadAsync(Collection(machineId), id, cancellationToken).ConfigureAwait(false) is { } document)
        {
            await _catalog.DeleteAsync(Collection(machineId), id, document.ETag, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed record OpenDocument(string Id, string? ETag);

    /// <summary>What is in memory of one machine. The open document belongs to whoever has the turn; the rest is under the lock.</summary>
    private sealed class MachineLog
    {
        private readonly Lock _gate = new();
        private readonly Queue<MachineInstant> _waiting = new();
        private readonly List<MachineInstant> _written = [];
        private HashSet<MachineInstant> _lastTold = [];
        private long _waitingSince;

        public SemaphoreSlim Turn { get; } = new(1, 1);

        public OpenDocument? Open { get; private set; }

        public void Note(IReadOnlyList<MachineInstant> instants, TimeProvider time)
        {
            lock (_gate)
            {
                HashSet<MachineInstant> told = new(instants, SameInstant.Instance);
                foreach (MachineInstant instant in instants)
                {
                    if (_lastTold.Contains(instant))
                    {
                        continue;
                    }

                    if (_waiting.Count == 0)
                    {
                        _waitingSince = time.GetTimestamp();
                    }

                    _waiting.Enqueue(instant);
                    if (_waiting.Count > WaitingMax)
                    {
                        _waiting.Dequeue();
                    }
                }

                _lastTold = told;
            }
        }

        public bool IsDue(TimeProvider time)
        {
            lock (_gate)
            {
                return _waiting.Count >= WrittenAtCount || (_waiting.Count > 0 && time.GetElapsedTime(_waitingSince) >= WrittenAfter);
            }
        }

        /// <summary>The whole content that the next write stores; null when nothing waits.</summary>
        public List<MachineInstant>? NextDocument()
        {
            lock (_gate)
            {
                if (!_waiting.TryPeek(out MachineInstant? next))
                {
                    return null;
                }

                // A clock that was set back begins a document, so that each one is named by its earliest time.
                if (_written.Count == InstantDocument.InstantsMax || (_written.Count > 0 && next.Time < _written[^1].Time))
                {
                    CloseDocument();
                }

                List<MachineInstant> content = [.. _written];
                foreach (MachineInstant instant in _waiting)
                {
                    if (content.Count == InstantDocument.InstantsMax || (content.Count > 0 && instant.Time < content[^1].Time))
                    {
                        break;
                    }

                    content.Add(instant);
                }

                return content;
            }
        }

        public void NoteWritten(OpenDocument document, List<MachineInstant> content)
        {
            lock (_gate)
            {
                for (int i = _written.Count; i < content.Count; i++)
                {
                    // The oldest that waited may have made room meanwhile.
                    if (_waiting.TryPeek(out MachineInstant? oldest) && ReferenceEquals(oldest, content[i]))
                    {
                        _waiting.Dequeue();
                    }

                    _written.Add(content[i]);
                }

                Open = document;
            }
        }

        public void CloseDocument()
        {
            lock (_gate)
            {
                Open = null;
                _written.Clear();
            }
        }

        public void Forget()
        {
            lock (_gate)
            {
                _waiting.Clear();
                CloseDocument();
            }
        }
    }

    /// <summary>A repeated report tells an instant in other objects.</summary>
    private sealed class SameInstant : IEqualityComparer<MachineInstant>
    {
        public static SameInstant Instance { get; } = new();

        public bool Equals(MachineInstant? x, MachineInstant? y) => x?.Time == y?.Time && x?.Source == y?.Source;

        public int GetHashCode(MachineInstant instant) => instant.Time.GetHashCode();
    }
}
