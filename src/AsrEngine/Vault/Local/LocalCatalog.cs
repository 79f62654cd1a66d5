using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Local;

/// <summary>
/// <see cref="ICatalog"/> in a directory: <c>COLLECTION/ID.json</c>. A change is written to a temporary file, synced, renamed over the
/// document and the directory synced; compare and swap are one step under the collection's lock file, which other processes respect too.
/// </summary>
internal sealed class LocalCatalog : ICatalog
{
    private const string DocumentSuffix = ".json";
    private const string TemporarySuffix = ".tmp";
    private const string LockName = ".lock";

    private readonly IFileLayer _files;
    private readonly string _root;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _prepared = new(StringComparer.Ordinal);

    public LocalCatalog(IFileLayer files, string root)
    {
        _files = files;
        _root = root;
    }

    /// <summary>Removes what interrupted writes left behind.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (string collection in Guarded(() => _files.ListDirectories(_root), "Listing the vault's collections", _root))
        {
            // Under the lock, so that no other process is in the middle of a write.
            await ChangeAsync(
                collection,
                collection,
                directory =>
                {
                    foreach (string leftover in _files.ListFiles(directory).Where(name => name.EndsWith(TemporarySuffix, StringComparison.Ordinal)))
                    {
                        _files.Delete(Path.Join(directory, leftover));
                    }

                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<CatalogDocument?> ReadAsync(string collection, string id, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, id);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Read(collection, id, out _));
    }

    /// <inheritdoc/>
    public Task<string> WriteAsync(string collection, string id, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, id);
        CatalogRules.CheckSize(collection, id, content);
        return ChangeAsync(
            collection,
            id,
            directory =>
            {
                CatalogDocument? current = Read(collection, id, out long version);
                CatalogRules.CheckCondition(collection, id, current, ifMatch);
                byte[] file = DocumentEnvelope.Wrap(collection, id, version + 1, content.Span);
                string target = PathOf(collection, id);
                string temporary = Path.Join(directory, $".{id}{TemporarySuffix}");
                _files.Delete(temporary);
                try
                {
                    _files.Create(temporary, file);
                    _files.SyncFile(temporary);
                    _files.Replace(temporary, target);
                }
                catch (Exception error) when (FileErrors.IsFileError(error))
                {
                    TryDelete(temporary);
                    throw;
                }

                try
                {
                    _files.SyncDirectory(directory);
                }
                catch (Exception error) when (FileErrors.IsFileError(error))
                {
                    // What was renamed may vanish in a power cut. It goes now, so that no reader builds on it.
                    TryRestore(collection, id, current, version);
                    throw;
                }

                return DocumentEnvelope.ETag(collection, id, version + 1, content.Span);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string collection, string id, string ifMatch, CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, id);
        return ChangeAsync(
            collection,
            id,
            directory =>
            {
                CatalogDocument? current = Read(collection, id, out long version);
                if (current is not null)
                {
                    CatalogRules.CheckCondition(collection, id, current, ifMatch);
                    _files.Delete(PathOf(collection, id));
                }

                try
                {
                    // Also when it was gone already: whoever deleted it may have been stopped before this line.
                    _files.SyncDirectory(directory);
                }
                catch (Exception error) when (FileErrors.IsFileError(error))
                {
                    // What was deleted may come back after a power cut, and a second sync would not know of it. So it is there again, to be deleted anew.
                    if (current is not null)
                    {
                        TryRestore(collection, id, current, version);
                    }

                    throw;
                }

                return current is not null;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListCollectionsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<string> names = await Task.Run(
            () => Guarded(() => _files.ListDirectories(_root), "Listing the vault's collections", _root), cancellationToken).ConfigureAwait(false);
        foreach (string name in names.Where(static name => CatalogNames.IsValid(name)).Order(StringComparer.Ordinal))
        {
            yield return name;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListIdsAsync(string collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CatalogNames.Check(collection, collection);
        IReadOnlyList<string> names = await Task.Run(
            () => Guarded(() => _files.ListFiles(Path.Join(_root, collection)), $"Listing collection {collection}", collection),
            cancellationToken).ConfigureAwait(false);
        foreach (string id in names
            .Where(static name => name.EndsWith(DocumentSuffix, StringComparison.Ordinal) && CatalogNames.IsValid(name.AsSpan(0, name.Length - DocumentSuffix.Length)))
            .Select(static name => name[..^DocumentSuffix.Length])
            .Order(StringComparer.Ordinal))
        {
            yield return id;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CatalogDocument> ListAsync(string collection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (string id in ListIdsAsync(collection, cancellationToken).ConfigureAwait(false))
        {
            if (await ReadAsync(collection, id, cancellationToken).ConfigureAwait(false) is { } document)
            {
                yield return document;
            }
        }
    }

    private static T Guarded<T>(Func<T> action, string what, string target)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            throw FileErrors.Translate(error, what, target);
        }
    }

    private async Task<T> ChangeAsync<T>(string collection, string id, Func<string, T> change, CancellationToken cancellationToken)
    {
        // The gate keeps this process's callers from blocking threads on one another's file lock.
        SemaphoreSlim gate = _gates.GetOrAdd(collection, static _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(
                () => Guarded(
                    () =>
                    {
                        string directory = Path.Join(_root, collection);
                        if (!_prepared.ContainsKey(collection))
                        {
                            _files.CreateDirectory(_root);
                            _files.CreateDirectory(directory);
                            _prepared[collection] = true;
                        }

                        using IDisposable held = _files.Lock(Path.Join(directory, LockName));
                        return change(directory);
                    },
                    $"Changing document {collection}/{id}",
                    id),
                CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private CatalogDocument? Read(string collection, string id, out long version)
    {
        string path = PathOf(collection, id);
        byte[]? file = Guarded(() => _files.ReadAll(path, CatalogRules.EnvelopeBytesMax), $"Reading document {collection}/{id}", id);
        version = 0;
        if (file is null)
        {
            return null;
        }

        return DocumentEnvelope.TryUnwrap(collection, id, file, out version, out CatalogDocument document)
            ? document
            : throw CatalogRules.Corrupt(collection, id, path, "its checksum does not match");
    }

    private void TryRestore(string collection, string id, CatalogDocument? before, long version)
    {
        string target = PathOf(collection, id);
        if (before is null)
        {
            TryDelete(target);
            return;
        }

        string temporary = Path.Join(_root, collection, $".{id}{TemporarySuffix}");
        try
        {
            _files.Create(temporary, DocumentEnvelope.Wrap(collection, id, version, before.Content.Span));
            _files.SyncFile(temporary);
            _files.Replace(temporary, target);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            // The first error is the one to report. The new version stays visible, as after a write whose answer was lost.
            TryDelete(temporary);
        }
    }

    private void TryDelete(string path)
    {
        try
        {
            _files.Delete(path);
        }
        catch (Exception error) when (FileErrors.IsFileError(error))
        {
            // The first error is the one to report; the next write of this document or the next sweep removes the file.
        }
    }

    private string PathOf(string collection, string id) => Path.Join(_root, collection, id + DocumentSuffix);
}
