using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Hashing;
using System.Linq;
using System.Text;
using System.Threading;
using Asr.Engine.Vault;

namespace Asr.Tests.Shared;

/// <summary>One operation of <see cref="SimulatedFileLayer"/>.</summary>
public enum FileOperation
{
    /// <summary>Create.</summary>
    Create,

    /// <summary>SyncFile.</summary>
    SyncFile,

    /// <summary>SyncDirectory.</summary>
    SyncDirectory,

    /// <summary>Replace.</summary>
    Replace,

    /// <summary>TryRename.</summary>
    TryRename,

    /// <summary>Delete.</summary>
    Delete,

    /// <summary>CreateDirectory.</summary>
    CreateDirectory,

    /// <summary>DeleteDirectory.</summary>
    DeleteDirectory,

    /// <summary>ReadAll, OpenRead and reads.</summary>
    Read,

    /// <summary>ListFiles and ListDirectories.</summary>
    List,
}

/// <summary>
/// A file system in memory that knows what is durable. What was not synced may be lost in a power cut, in part, torn, and out of order:
/// <see cref="Restart"/> draws one of the states that could be found afterwards. As harsh as a real one: a file whose sync failed is not made
/// durable by the next sync of it, and neither are the names whose directory's sync failed. Safe for concurrent callers.
/// </summary>
public sealed class SimulatedFileLayer : IFileLayer
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _directories = ["/"];
    private readonly Dictionary<string, Node> _entries = [];
    private readonly Dictionary<string, Node> _durableEntries = [];
    private readonly List<PendingChange> _pending = [];
    private readonly HashSet<string> _deletedDirectories = [];
    private readonly Dictionary<string, SemaphoreSlim> _locks = [];
    private long _crashAt = long.MaxValue;
    private bool _isOff;

    /// <summary>Operations so far that change something.</summary>
    public long Operations { get; private set; }

    /// <summary>Asked before each operation; an exception that it returns is thrown, and the operation does not happen.</summary>
    public Func<FileOperation, string, Exception?>? Fault { get; set; }

    /// <summary>Every file there is, by path.</summary>
    public IReadOnlyList<string> Files
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Whether a power cut now would lose nothing.</summary>
    public bool IsDurable
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count == 0 && _deletedDirectories.Count == 0 && _durableEntries.Values.All(static node => node.IsSynced);
            }
        }
    }

    /// <summary>The machine loses power in the middle of the changing operation with this number (the first is 1); every call fails from then on.</summary>
    public void CrashAt(long operation) => _crashAt = operation;

    /// <summary>The machine loses power: the file system after it came back, in one of the possible states, drawn with <paramref name="random"/>.</summary>
    public SimulatedFileLayer Restart(Random random)
    {
        lock (_lock)
        {
            _isOff = true;
            return Crash(CrashFate.Drawn(random));
        }
    }

    /// <summary>The file system as it would be found if power failed now and unsynced things met this fate. This one goes on.</summary>
    public SimulatedFileLayer Crash(CrashFate fate)
    {
        lock (_lock)
        {
            SimulatedFileLayer after = new();
            after._directories.UnionWith(_directories);
            after._directories.UnionWith(_deletedDirectories.Where(directory => !fate.Keeps(directory)));
            Dictionary<string, Node> entries = new(_durableEntries);
            foreach (PendingChange change in _pending.Where(change => fate.Keeps(change.Path)))
            {
                change.Apply(entries);
            }

            foreach ((string path, Node node) in entries)
            {
                Node survivor = new(node.IsSynced ? node.Content : fate.Survives(path, node.Content)) { IsSynced = true };
                after._entries[path] = survivor;
                after._durableEntries[path] = survivor;
            }

            return after;
        }
    }

    /// <summary>A hash over every name and content.</summary>
    public UInt128 Fingerprint()
    {
        lock (_lock)
        {
            XxHash128 hash = new();
            foreach ((string path, Node node) in _entries.OrderBy(static entry => entry.Key, StringComparer.Ordinal))
            {
                hash.Append(Encoding.UTF8.GetBytes($"{path}\n{node.Content.Length}\n"));
                hash.Append(node.Content);
            }

            foreach (string directory in _directories.Order(StringComparer.Ordinal))
            {
                hash.Append(Encoding.UTF8.GetBytes($"{directory}\n"));
            }

            return hash.GetCurrentHashAsUInt128();
        }
    }

    /// <summary>Flips one bit of a file where it lies.</summary>
    public void FlipBit(string path, long bit)
    {
        lock (_lock)
        {
            _entries[path].Content[bit / 8] ^= (byte)(1 << (int)(bit % 8));
        }
    }

    /// <summary>Replaces a file's content where it lies.</summary>
    public void Overwrite(string path, byte[] content)
    {
        lock (_lock)
        {
            _entries[path].Content = content;
        }
    }

    /// <inheritdoc/>
    public void Create(string path, ReadOnlySpan<byte> content)
    {
        lock (_lock)
        {
            Begin(FileOperation.Create, path, out bool tears);
            if (_entries.ContainsKey(path))
            {
                throw new IOException($"'{path}' exists.", 17);
            }

            RequireDirectory(path);
            Node node = new(content.ToArray());
            _entries[path] = node;
            _pending.Add(new PendingChange(path, node, null));
            End(tears);
        }
    }

    /// <inheritdoc/>
    public void SyncFile(string path)
    {
        lock (_lock)
        {
            Node? node = _entries.GetValueOrDefault(path);
            try
            {
                Begin(FileOperation.SyncFile, path, out bool tears);
                End(tears);
            }
            catch (IOException)
            {
                // The kernel drops the dirty pages and says so once.
                if (node is not null)
                {
                    node.IsLost = true;
                }

                throw;
            }

            (node ?? throw Missing(path)).IsSynced |= !node.IsLost;
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        lock (_lock)
        {
            try
            {
                Begin(FileOperation.SyncDirectory, path, out bool tears);
                End(tears);
            }
            catch (IOException)
            {
                foreach (PendingChange change in _pending.Where(change => change.Directory == path))
                {
                    change.IsLost = true;
                }

                throw;
            }

            HashSet<string> durable = [];
            foreach (PendingChange change in _pending.Where(change => change.Directory == path && !change.IsLost))
            {
                change.Apply(_durableEntries);
                durable.Add(change.Path);
            }

            _deletedDirectories.RemoveWhere(directory => Path.GetDirectoryName(directory) == path);

            // A change that was lost earlier cannot come back over a later one that is durable.
            _pending.RemoveAll(change => change.Directory == path && (!change.IsLost || durable.Contains(change.Path)));
        }
    }

    /// <inheritdoc/>
    public void Replace(string source, string target)
    {
        lock (_lock)
        {
            Begin(FileOperation.Replace, target, out bool tears);
            Move(source, target);
            End(tears);
        }
    }

    /// <inheritdoc/>
    public bool TryRename(string source, string target)
    {
        lock (_lock)
        {
            Begin(FileOperation.TryRename, target, out bool tears);
            if (_entries.ContainsKey(target))
            {
                return false;
            }

            Move(source, target);
            End(tears);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        lock (_lock)
        {
            Begin(FileOperation.Delete, path, out bool tears);
            if (_entries.Remove(path))
            {
                _pending.Add(new PendingChange(path, null, null));
            }

            End(tears);
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        lock (_lock)
        {
            Begin(FileOperation.CreateDirectory, path, out bool tears);
            for (string? at = path; at is not null; at = Path.GetDirectoryName(at))
            {
                _directories.Add(at);
                _deletedDirectories.Remove(at);
            }

            End(tears);
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        lock (_lock)
        {
            Begin(FileOperation.DeleteDirectory, path, out bool tears);
            if (_entries.Keys.Any(entry => Path.GetDirectoryName(entry) == path))
            {
                throw new IOException($"'{path}' is not empty.", 39);
            }

            if (_directories.Remove(path))
            {
                _deletedDirectories.Add(path);
            }

            End(tears);
        }
    }

    /// <inheritdoc/>
    public byte[]? ReadAll(string path, int bytesMax)
    {
        lock (_lock)
        {
            CheckRead(FileOperation.Read, path);
            byte[]? content = _entries.GetValueOrDefault(path)?.Content;
            return content?.Length > bytesMax ? throw new IOException($"'{path}' is too long.") : (byte[]?)content?.Clone();
        }
    }

    /// <inheritdoc/>
    public IFileReader? OpenRead(string path)
    {
        lock (_lock)
        {
            CheckRead(FileOperation.Read, path);
            return _entries.TryGetValue(path, out Node? node) ? new Reader(this, path, node) : null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory)
    {
        lock (_lock)
        {
            CheckRead(FileOperation.List, directory);
            return [.. _entries.Keys.Where(path => Path.GetDirectoryName(path) == directory).Select(path => Path.GetFileName(path))];
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory)
    {
        lock (_lock)
        {
            CheckRead(FileOperation.List, directory);
            return [.. _directories.Where(path => path != directory && Path.GetDirectoryName(path) == directory).Select(path => Path.GetFileName(path))];
        }
    }

    /// <inheritdoc/>
    public IDisposable Lock(string path)
    {
        SemaphoreSlim held;
        lock (_lock)
        {
            if (!_locks.TryGetValue(path, out held!))
            {
                held = _locks[path] = new SemaphoreSlim(1, 1);
            }
        }

        held.Wait();
        return new Release(held);
    }

    private static FileNotFoundException Missing(string path) => new($"'{path}' does not exist.");

    private static IOException Off() => new("The machine is off.", 5);

    private void Begin(FileOperation operation, string path, out bool tears)
    {
        CheckRead(operation, path);
        Operations++;
        tears = Operations == _crashAt;

        // Power is lost before the operation for even numbers of characters, after it for odd ones: both, without another dice.
        if (tears && path.Length % 2 == 0)
        {
            _isOff = true;
            throw Off();
        }
    }

    private void End(bool tears)
    {
        if (tears)
        {
            _isOff = true;
            throw Off();
        }
    }

    private void CheckRead(FileOperation operation, string path)
    {
        if (_isOff)
        {
            throw Off();
        }

        if (Fault?.Invoke(operation, path) is { } fault)
        {
            throw fault;
        }
    }

    private void RequireDirectory(string path)
    {
        if (!_directories.Contains(Path.GetDirectoryName(path)!))
        {
            throw new DirectoryNotFoundException($"The directory of '{path}' does not exist.");
        }
    }

    private void Move(string source, string target)
    {
        RequireDirectory(target);
        if (!_entries.Remove(source, out Node? node))
        {
            throw Missing(source);
        }

        _entries[target] = node;
        _pending.Add(new PendingChange(target, node, source));
    }

    private sealed class Node(byte[] content)
    {
        public byte[] Content { get; set; } = content;

        public bool IsSynced { get; set; }

        public bool IsLost { get; set; }
    }

    /// <summary>A change of names: <paramref name="path"/> leads to <paramref name="node"/> (or nowhere), and <paramref name="source"/> nowhere.</summary>
    private sealed class PendingChange(string path, Node? node, string? source)
    {
        public string Path { get; } = path;

        public string Directory { get; } = System.IO.Path.GetDirectoryName(path)!;

        public bool IsLost { get; set; }

        public void Apply(Dictionary<string, Node> entries)
        {
            if (source is not null)
            {
                entries.Remove(source);
            }

            if (node is null)
            {
                entries.Remove(Path);
            }
            else
            {
                entries[Path] = node;
            }
        }
    }

    private sealed class Reader(SimulatedFileLayer files, string path, Node node) : IFileReader
    {
        public long Length => node.Content.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            lock (files._lock)
            {
                files.CheckRead(FileOperation.Read, path);
                int count = (int)long.Clamp(node.Content.Length - offset, 0, buffer.Length);
                node.Content.AsSpan((int)long.Min(offset, node.Content.Length), count).CopyTo(buffer);
                return count;
            }
        }

        public void Dispose()
        {
        }
    }

    private sealed class Release(SemaphoreSlim held) : IDisposable
    {
        public void Dispose() => held.Release();
    }
}
