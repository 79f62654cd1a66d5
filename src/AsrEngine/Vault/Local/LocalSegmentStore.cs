using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Local;

/// <summary>
/// <see cref="ISegmentStore"/> in a directory; see <see cref="SegmentPath"/> for the names. An object is written to a temporary file,
/// synced, renamed to a name that must be new, and the directory synced.
/// </summary>
internal sealed class LocalSegmentStore : ISegmentStore
{
    private const string TemporarySuffix = ".tmp";

    private readonly IFileLayer _files;
    private readonly string _root;
    private readonly ConcurrentDictionary<(Guid DiskId, int Epoch), bool> _prepared = new();

    // Drawn, and not the process id: after a restart that is often the same again, and the names would meet what the last process left behind.
    private readonly string _temporaryPrefix = Guid.NewGuid().ToString("N");
    private long _temporaryCount;

    public LocalSegmentStore(IFileLayer files, string root)
    {
        _files = files;
        _root = root;
    }

    /// <summary>Every disk that has a directory here.</summary>
    public IReadOnlyList<Guid> ListDisks()
    {
        List<Guid> disks = [];
        foreach (string name in Guarded(() => _files.ListDirectories(_root), "Listing", default))
        {
            if (Guid.TryParseExact(name, "D", out Guid diskId))
            {
                disks.Add(diskId);
            }
        }

        return disks;
    }

    /// <summary>Removes what interrupted puts of any epoch left behind. Only for a store that no one else writes.</summary>
    public void SweepAll()
    {
        foreach (Guid diskId in ListDisks())
        {
            foreach (int epoch in Guarded(() => Epochs(diskId), "Listing", new SegmentName(diskId, default, 0, 0, 0)))
            {
                Guarded(() => Sweep(SegmentPath.Directory(_root, diskId, epoch)), "Sweeping", new SegmentName(diskId, default, epoch, 0, 0));
            }
        }
    }

    /// <inheritdoc/>
    public async Task PutAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // Once begun it is not given up: the answer must say what happened.
        await Task.Run(() => Guarded(() => Put(name, content.Span), "Storing", name), CancellationToken.None).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<long?> GetLengthAsync(SegmentName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Guarded(
            () =>
            {
                using IFileReader? reader = _files.OpenRead(PathOf(name));
                return reader?.Length;
            },
            "Opening",
            name));
    }

    /// <inheritdoc/>
    public ValueTask ReadAsync(SegmentName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            using IFileReader reader = _files.OpenRead(PathOf(name)) ?? throw SegmentErrors.Missing(name);
            if (reader.Read(offset, buffer.Span) < buffer.Length)
            {
                throw SegmentErrors.Corrupt(name, offset, $"ends after {reader.Length} bytes");
            }
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Translate(error, $"Reading {SegmentErrors.Describe(name)}", SegmentErrors.Describe(name));
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SegmentName> ListAsync(Guid diskId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        List<SegmentName> names = await Task.Run(() => Guarded(() => List(diskId), "Listing", new SegmentName(diskId, default, 0, 0, 0)), cancellationToken).ConfigureAwait(false);
        foreach (SegmentName name in names)
        {
            yield return name;
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(SegmentName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Guarded(
            () =>
            {
                _files.Delete(PathOf(name));
                return true;
            },
            "Deleting",
            name));
    }

    private static T Guarded<T>(Func<T> action, string what, in SegmentName name)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            string described = SegmentErrors.Describe(name);
            throw FileErrors.Translate(error, $"{what} {described}", described);
        }
    }

    private bool Put(SegmentName name, ReadOnlySpan<byte> content)
    {
        string directory = SegmentPath.Directory(_root, name.DiskId, name.Epoch);
        Prepare(name, directory);
        string target = PathOf(name);
        string temporary = Path.Join(directory, $"{_temporaryPrefix}-{Interlocked.Increment(ref _temporaryCount)}-{SegmentPath.FileName(name)}{TemporarySuffix}");
        bool created = false;
        try
        {
            _files.Create(temporary, content);
            _files.SyncFile(temporary);
            created = _files.TryRename(temporary, target);
            if (!created)
            {
                if (!HasContent(target, content))
                {
                    throw SegmentErrors.Taken(name);
                }

                // The same bytes are there, but whether durably is not known: the earlier attempt may have failed at its very last step.
                // So they are put there again, from the file that has just been synced.
                _files.Replace(temporary, target);
            }

            _files.SyncDirectory(directory);
            return true;
        }
        catch
        {
            // A new name whose directory could not be synced may vanish in a power cut. It goes now, so that no one builds on it. One that
            // existed before stays: an earlier call may have vouched for it.
            TryDelete(created ? target : temporary);
            throw;
        }
    }

    /// <summary>
    /// Makes the epoch's directory once, and sweeps what interrupted puts of earlier epochs left: this writer's existence means that those
    /// writers are fenced, so no live put can be hit.
    /// </summary>
    private void Prepare(in SegmentName name, string directory)
    {
        if (_prepared.ContainsKey((name.DiskId, name.Epoch)))
        {
            return;
        }

        _files.CreateDirectory(_root);
        _files.CreateDirectory(Path.Join(_root, name.DiskId.ToString("D")));
        _files.CreateDirectory(directory);
        foreach (int epoch in Epochs(name.DiskId))
        {
            if (epoch < name.Epoch)
            {
                Sweep(SegmentPath.Directory(_root, name.DiskId, epoch));
            }
        }

        _prepared[(name.DiskId, name.Epoch)] = true;
    }

    private bool Sweep(string directory)
    {
        foreach (string file in _files.ListFiles(directory))
        {
            if (file.EndsWith(TemporarySuffix, StringComparison.Ordinal))
            {
                TryDelete(Path.Join(directory, file));
            }
        }

        return true;
    }

    private bool HasContent(string path, ReadOnlySpan<byte> content)
    {
        using IFileReader? reader = _files.OpenRead(path);
        if (reader is null || reader.Length != content.Length)
        {
            return false;
        }

        Span<byte> part = stackalloc byte[4096];
        for (int offset = 0; offset < content.Length; offset += part.Length)
        {
            ReadOnlySpan<byte> expected = content.Slice(offset, Math.Min(part.Length, content.Length - offset));
            if (reader.Read(offset, part[..expected.Length]) < expected.Length || !expected.SequenceEqual(part[..expected.Length]))
            {
                return false;
            }
        }

        return true;
    }

    private List<SegmentName> List(Guid diskId)
    {
        List<SegmentName> names = [];
        foreach (int epoch in Epochs(diskId))
        {
            foreach (string file in _files.ListFiles(SegmentPath.Directory(_root, diskId, epoch)))
            {
                if (SegmentPath.TryParse(diskId, epoch, file, out SegmentName? name))
                {
                    names.Add(name.Value);
                }
            }
        }

        return [.. SegmentPath.Order(names)];
    }

    private List<int> Epochs(Guid diskId)
    {
        List<int> epochs = [];
        foreach (string directory in _files.ListDirectories(Path.Join(_root, diskId.ToString("D"))))
        {
            if (SegmentPath.TryParseEpoch(directory, out int epoch))
            {
                epochs.Add(epoch);
            }
        }

        return epochs;
    }

    private void TryDelete(string path)
    {
        try
        {
            _files.Delete(path);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            // The first error is the one to report. A leftover temporary file is swept by a later epoch; a leftover object is put anew
            // by the retry.
        }
    }

    private string PathOf(in SegmentName name) => Path.Join(SegmentPath.Directory(_root, name.DiskId, name.Epoch), SegmentPath.FileName(name));
}
