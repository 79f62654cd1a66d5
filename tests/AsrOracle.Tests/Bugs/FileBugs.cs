using System;
using System.Collections.Generic;
using Asr.Engine.Vault;

namespace Asr.Oracle.Tests.Bugs;

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

/// <summary>Publishes before fsync: content is not made durable, only its name.</summary>
internal sealed class SkipsFileSync : PlantedBug
{
    public override IFileLayer Files(IFileLayer files) => new Layer(files);

    private sealed class Layer(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public override void SyncFile(string path)
        {
        }
    }
}

/// <summary>The name of a new segment is not made durable.</summary>
internal sealed class SkipsDirectorySync : PlantedBug
{
    public override IFileLayer Files(IFileLayer files) => new Layer(files);

    private sealed class Layer(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public override void SyncDirectory(string path)
        {
        }
    }
}

/// <summary>A stored segment loses its tail.</summary>
internal sealed class StoresTruncatedSegments : PlantedBug
{
    public override IFileLayer Files(IFileLayer files) => new Layer(files);

    private sealed class Layer(IFileLayer inner) : FileLayerDecorator(inner)
    {
        private int _count;

        public override void Create(string path, ReadOnlySpan<byte> content) =>
            Inner.Create(path, path.Contains(".seg", StringComparison.Ordinal) && ++_count % 10 == 0 ? content[..^16] : content);
    }
}

/// <summary>One bit of a stored segment flips.</summary>
internal sealed class FlipsABitAtRest : PlantedBug
{
    public override IFileLayer Files(IFileLayer files) => new Layer(files);

    private sealed class Layer(IFileLayer inner) : FileLayerDecorator(inner)
    {
        private int _count;

        public override void Create(string path, ReadOnlySpan<byte> content)
        {
            if (!path.Contains(".seg", StringComparison.Ordinal) || ++_count % 10 != 0)
            {
                Inner.Create(path, content);
                return;
            }

            byte[] damaged = content.ToArray();
            damaged[damaged.Length / 2] ^= 0x10;
            Inner.Create(path, damaged);
        }
    }
}
