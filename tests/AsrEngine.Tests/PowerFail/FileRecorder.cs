using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>Writes down, in order, every operation that a file layer has carried out and that a power cut can fall between.</summary>
internal sealed class FileRecorder(IFileLayer inner) : FileLayerDecorator(inner)
{
    // One operation at a time, so that the order written down is the order done.
    private readonly Lock _lock = new();
    private readonly List<FileStep> _steps = [];

    /// <summary>Operations so far.</summary>
    public long Count
    {
        get
        {
            lock (_lock)
            {
                return _steps.Count;
            }
        }
    }

    /// <summary>A copy of the steps.</summary>
    public FileStep[] Steps
    {
        get
        {
            lock (_lock)
            {
                return [.. _steps];
            }
        }
    }

    public override void Create(string path, ReadOnlySpan<byte> content)
    {
        lock (_lock)
        {
            base.Create(path, content);
            _steps.Add(new FileStep(FileOperation.Create, path, Content: content.ToArray()));
        }
    }

    public override void SyncFile(string path) => Record(new FileStep(FileOperation.SyncFile, path));

    public override void SyncDirectory(string path) => Record(new FileStep(FileOperation.SyncDirectory, path));

    public override void Replace(string source, string target) => Record(new FileStep(FileOperation.Replace, target, source));

    public override bool TryRename(string source, string target)
    {
        lock (_lock)
        {
            bool renamed = base.TryRename(source, target);
            if (renamed)
            {
                _steps.Add(new FileStep(FileOperation.TryRename, target, source));
            }

            return renamed;
        }
    }

    public override void Delete(string path) => Record(new FileStep(FileOperation.Delete, path));

    /// <summary>A step for each level: power may fail between them.</summary>
    public override void CreateDirectory(string path)
    {
        if (Path.GetDirectoryName(path) is { Length: > 1 } parent)
        {
            CreateDirectory(parent);
        }

        Record(new FileStep(FileOperation.CreateDirectory, path));
    }

    public override void DeleteDirectory(string path) => Record(new FileStep(FileOperation.DeleteDirectory, path));

    private void Record(FileStep step)
    {
        lock (_lock)
        {
            step.Apply(Inner);
            _steps.Add(step);
        }
    }
}
