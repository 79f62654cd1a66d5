using System;
using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Oracle.Tests.Bugs;

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
