using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>How far one scrub is and what it has found, kept in its document every so often. One caller at a time.</summary>
internal sealed class ScrubState
{
    /// <summary>Findings listed at most, and ranges and points listed of each: the document stays below 16 MiB.</summary>
    public const int FindingsMax = 256;
    public const int RangesMax = 64;
    public const int PointsMax = 50;

    // What a kill makes it verify twice at most.
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(10);

    private readonly ScrubDocuments _documents;
    private readonly TimeProvider _time;
    private readonly string _name;
    private readonly Guid _owner = Guid.NewGuid();
    private readonly IReadOnlyList<AsrVaultFinding> _previous;
    private readonly bool _isKept;
    private ImmutableList<AsrVaultFinding> _findings;
    private string? _etag;
    private long _savedAt;

    private ScrubState(ScrubDocuments documents, TimeProvider time, string name, ScrubDocument document, string? etag, bool isKept)
    {
        _documents = documents;
        _time = time;
        _name = name;
        _etag = etag;
        _isKept = isKept;
        _previous = document.Previous;
        _findings = [.. document.Check.Findings];
        Check = document.Check;
        Place = document.Place;
    }

    /// <summary>What has been verified and found.</summary>
    public AsrVaultCheck Check { get; private set; }

    /// <summary>What has been verified last, or null.</summary>
    public ScrubPlace? Place { get; private set; }

    /// <summary>Goes on with the scrub of this name, or begins a new one, and makes it the caller's.</summary>
    public static async Task<ScrubState> OpenAsync(ScrubDocuments documents, ScrubOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        (ScrubDocument Document, string ETag)? stored = null;
        bool isKept = true;
        try
        {
            stored = await documents.ReadAsync(options.Name, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException damaged) when (damaged.Code == AsrErrorCode.VaultDocumentCorrupt)
        {
            // It is told with the other documents. Until someone removes it, this scrub goes without.
            isKept = false;
        }

        ScrubDocument document = stored?.Document ?? new ScrubDocument();
        bool goesOn = stored is not null && !options.Restart && document.Check.EndTime is null && document.Check.MachineId == options.MachineId;
        if (!goesOn)
        {
            document = new ScrubDocument
            {
                Check = new AsrVaultCheck { MachineId = options.MachineId, StartTime = time.GetUtcNow() },
                Previous = document.Check.MachineId == options.MachineId
                    ? [.. document.Check.Findings.Concat(document.Previous).DistinctBy(static finding => finding.Object).Take(FindingsMax)]
                    : [],
            };
        }

        ScrubState state = new(documents, time, options.Name, document, stored?.ETag, isKept);
        await state.SaveAsync(cancellationToken).ConfigureAwait(false);
        return state;
    }

    /// <summary>Whether a finding about an object is there already.</summary>
    public bool Has(string name) => _findings.Exists(finding => finding.Object == name);

    /// <summary>
    /// Notes that something has been verified, and what was found. True when the finding is new and listed: an object that is found again, after a stop, counts once.
    /// </summary>
    public bool Add(ScrubPlace? place, long objects, long bytes, AsrVaultFinding? finding)
    {
        bool isNew = finding is not null && !Has(finding.Object);
        bool isListed = isNew && _findings.Count < FindingsMax;
        if (isListed)
        {
            _findings = _findings.Add(finding!);
        }

        Place = place;
        Check = Check with
        {
            ObjectsChecked = Check.ObjectsChecked + objects,
            BytesChecked = Check.BytesChecked + bytes,
            Findings = _findings,
            FindingCount = Check.FindingCount + (isNew ? 1 : 0),
        };
        return isListed;
    }

    /// <summary>Notes that everything has been seen.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        Check = Check with { EndTime = _time.GetUtcNow() };
        await SaveAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps the state when that is due.</summary>
    public async Task SaveIfDueAsync(CancellationToken cancellationToken)
    {
        if (_time.GetElapsedTime(_savedAt) >= SaveInterval)
        {
            await SaveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Keeps the state. A vault that takes nothing, full or read-only, is scrubbed all the same; <see cref="AsrErrorCode.Conflict"/> when another goes on with this scrub.</summary>
    public async Task SaveAsync(CancellationToken cancellationToken)
    {
        if (!_isKept)
        {
            return;
        }

        _savedAt = _time.GetTimestamp();
        ScrubDocument document = new() { Owner = _owner, Check = Check, Place = Place, Previous = Check.EndTime is null ? _previous : [] };
        try
        {
            _etag = await _documents.WriteAsync(_name, document, _etag, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException fault) when (fault.Code is AsrErrorCode.VaultFull or AsrErrorCode.VaultUnavailable)
        {
            // The next time is soon enough. Unless the write has taken place after all: then the ETag is another one, with this scrub's mark.
            await TakeOwnAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TakeOwnAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await _documents.ReadAsync(_name, cancellationToken).ConfigureAwait(false) is { } stored && stored.Document.Owner == _owner)
            {
                _etag = stored.ETag;
            }
        }
        catch (AsrException fault) when (fault.Code is AsrErrorCode.VaultUnavailable or AsrErrorCode.VaultDocumentCorrupt)
        {
            // Still out of reach; the reads that follow tell of it.
        }
    }
}
