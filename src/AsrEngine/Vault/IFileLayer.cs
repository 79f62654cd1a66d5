using System;
using System.Collections.Generic;
using System.IO;

namespace Asr.Engine.Vault;

/// <summary>
/// The file operations that durability rests on, and nothing else: what the power-fail checker records and the fault tests break.
/// Paths are absolute. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/> as the system does; callers translate.
/// Safe for concurrent callers.
/// </summary>
public interface IFileLayer
{
    /// <summary>Creates a new file, which must not exist, with this content. Not durable until <see cref="SyncFile"/> and <see cref="SyncDirectory"/>.</summary>
    void Create(string path, ReadOnlySpan<byte> content);

    /// <summary>fsync of a file's content.</summary>
    void SyncFile(string path);

    /// <summary>fsync of a directory: makes creations, renames and deletions in it durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Renames, replacing the target atomically.</summary>
    void Replace(string source, string target);

    /// <summary>Renames; false, and nothing changed, when the target exists.</summary>
    bool TryRename(string source, string target);

    /// <summary>Deletes a file; one that is gone is no error.</summary>
    void Delete(string path);

    /// <summary>Creates a directory and its missing parents; its own name is durable when it returns, even if it existed already.</summary>
    void CreateDirectory(string path);

    /// <summary>Deletes an empty directory; one that is gone is no error.</summary>
    void DeleteDirectory(string path);

    /// <summary>Whole content, or null when there is no such file. Longer than <paramref name="bytesMax"/> is an <see cref="IOException"/>.</summary>
    byte[]? ReadAll(string path, int bytesMax);

    /// <summary>Opens a file for positioned reads (dispose to close), or null when there is no such file.</summary>
    IFileReader? OpenRead(string path);

    /// <summary>Names of the files directly inside a directory; empty when there is no such directory.</summary>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>Names of the directories directly inside a directory; empty when there is no such directory.</summary>
    IReadOnlyList<string> ListDirectories(string directory);

    /// <summary>Takes an exclusive lock that ends with the process; waits for its holder. Dispose releases it.</summary>
    IDisposable Lock(string path);
}

/// <summary>Positioned reads of one file. Safe for concurrent callers.</summary>
public interface IFileReader : IDisposable
{
    /// <summary>Length in bytes when it was opened.</summary>
    long Length { get; }

    /// <summary>Reads up to the buffer's length; fewer only at the end of the file.</summary>
    int Read(long offset, Span<byte> buffer);
}
