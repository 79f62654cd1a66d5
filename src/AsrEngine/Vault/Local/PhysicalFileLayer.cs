using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Vault.Local;

/// <summary>
/// <see cref="IFileLayer"/> over a POSIX file system. A failed fsync is never tried again on the same file: the kernel may have dropped
/// the dirty pages, and a second call would report success for data that is not there. Whoever gets the error writes anew.
/// </summary>
public sealed class PhysicalFileLayer : IFileLayer
{
    /// <inheritdoc/>
    public void Create(string path, ReadOnlySpan<byte> content)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        if (content.Length < UncachedWriter.BytesMin)
        {
            RandomAccess.Write(handle, content, 0);
        }
        else
        {
            UncachedWriter.Write(handle, content, path);
        }
    }

    /// <inheritdoc/>
    public void SyncFile(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        NativeFile.Sync(handle, path);
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        using SafeFileHandle handle = NativeFile.OpenDirectory(path);
        NativeFile.Sync(handle, path);
    }

    /// <inheritdoc/>
    public void Replace(string source, string target) => File.Move(source, target, overwrite: true);

    /// <inheritdoc/>
    public bool TryRename(string source, string target) => NativeFile.TryRename(source, target);

    /// <inheritdoc/>
    public void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone together with its directory.
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        string? parent = Path.GetDirectoryName(path);
        if (parent is not null && !Directory.Exists(parent))
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            // Also when it existed: whoever made it may have been killed before this line.
            SyncDirectory(parent);
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path) => NativeFile.RemoveDirectory(path);

    /// <inheritdoc/>
    public byte[]? ReadAll(string path, int bytesMax)
    {
        using IFileReader? reader = OpenRead(path);
        if (reader is null)
        {
            return null;
        }

        if (reader.Length > bytesMax)
        {
            throw new IOException($"'{path}' has {reader.Length} bytes, more than the {bytesMax} it may have.");
        }

        byte[] content = new byte[reader.Length];
        int read = reader.Read(0, content);
        return read == content.Length ? content : content[..read];
    }

    /// <inheritdoc/>
    public IFileReader? OpenRead(string path)
    {
        try
        {
            return new Reader(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory) => List(directory, Directory.EnumerateFiles);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory) => List(directory, Directory.EnumerateDirectories);

    /// <inheritdoc/>
    public IDisposable Lock(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            NativeFile.LockFile(handle, path);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static List<string> List(string directory, Func<string, IEnumerable<string>> enumerate)
    {
        List<string> names = [];
        try
        {
            foreach (string path in enumerate(directory))
            {
                names.Add(Path.GetFileName(path));
            }
        }
        catch (DirectoryNotFoundException)
        {
            names.Clear();
        }

        return names;
    }

    private sealed class Reader(SafeFileHandle handle) : IFileReader
    {
        public long Length { get; } = RandomAccess.GetLength(handle);

        public int Read(long offset, Span<byte> buffer)
        {
            int total = 0;
            while (total < buffer.Length)
            {
                int read = RandomAccess.Read(handle, buffer[total..], offset + total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return total;
        }

        public void Dispose() => handle.Dispose();
    }
}
