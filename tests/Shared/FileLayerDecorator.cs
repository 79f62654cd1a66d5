using System;
using System.Collections.Generic;
using Asr.Engine.Vault;

namespace Asr.Tests.Shared;

/// <summary>Passes everything on.</summary>
internal class FileLayerDecorator(IFileLayer inner) : IFileLayer
{
    protected IFileLayer Inner => inner;

    public virtual void Create(string path, ReadOnlySpan<byte> content) => inner.Create(path, content);

    public virtual void SyncFile(string path) => inner.SyncFile(path);

    public virtual void SyncDirectory(string path) => inner.SyncDirectory(path);

    public virtual void Replace(string source, string target) => inner.Replace(source, target);

    public virtual bool TryRename(string source, string target) => inner.TryRename(source, target);

    public virtual void Delete(string path) => inner.Delete(path);

    public virtual void CreateDirectory(string path) => inner.CreateDirectory(path);

    public virtual void DeleteDirectory(string path) => inner.DeleteDirectory(path);

    public virtual byte[]? ReadAll(string path, int bytesMax) => inner.ReadAll(path, bytesMax);

    public virtual IFileReader? OpenRead(string path) => inner.OpenRead(path);

    public virtual IReadOnlyList<string> ListFiles(string directory) => inner.ListFiles(directory);

    public virtual IReadOnlyList<string> ListDirectories(string directory) => inner.ListDirectories(directory);

    public virtual IDisposable Lock(string path) => inner.Lock(path);
}
