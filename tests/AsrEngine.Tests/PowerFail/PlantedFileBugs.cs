using System;
using System.Collections.Generic;
using System.Threading;
using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>Ways in which durability goes wrong in real products, each as a file layer between the vault and the disk.</summary>
internal static class PlantedFileBugs
{
    public static IReadOnlyDictionary<string, Func<IFileLayer, IFileLayer>> All { get; } = new Dictionary<string, Func<IFileLayer, IFileLayer>>
    {
        ["contents are not synced"] = static files => new Forgets(files, isFile: true, static _ => true),
        ["contents of documents are not synced"] = static files => new Forgets(files, isFile: true, IsDocumentPlace),
        ["names are not synced"] = static files => new Forgets(files, isFile: false, static _ => true),
        ["names of documents are not synced"] = static files => new Forgets(files, isFile: false, IsDocumentPlace),
        ["names of segments are not synced"] = static files => new Forgets(files, isFile: false, IsSegmentPlace),
        ["contents are synced after the rename"] = static files => new SyncsAfterRename(files),
        ["points are published before segments are durable"] = static files => new SyncsLate(files, IsSegmentPlace, IsDocumentPlace),
        ["index objects are durable before segments"] = static files => new SyncsLate(files, static path => path.Contains(".seg", StringComparison.Ordinal), static path => path.Contains(".idx", StringComparison.Ordinal)),
        ["contents of packs are not synced"] = static files => new Forgets(files, isFile: true, static path => path.Contains(".pak", StringComparison.Ordinal)),
        ["a document is replaced in two steps"] = static files => new ReplacesInTwoSteps(files),
        ["a document is written where it lies"] = static files => new OverwritesDocuments(files),
    };

    private static bool IsDocumentPlace(string path) => path.Contains("/catalog/", StringComparison.Ordinal);

    private static bool IsSegmentPlace(string path) => path.StartsWith("/vault/disks/", StringComparison.Ordinal);

    /// <summary>Says that it synced and did not.</summary>
    private sealed class Forgets(IFileLayer inner, bool isFile, Func<string, bool> matches) : FileLayerDecorator(inner)
    {
        public override void SyncFile(string path)
        {
            if (!isFile || !matches(path))
            {
                base.SyncFile(path);
            }
        }

        public override void SyncDirectory(string path)
        {
            if (isFile || !matches(path + "/"))
            {
                base.SyncDirectory(path);
            }
        }
    }

    /// <summary>The final name is there before the content is durable.</summary>
    private sealed class SyncsAfterRename(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public override void SyncFile(string path)
        {
        }

        public override void Replace(string source, string target)
        {
            base.Replace(source, target);
            base.SyncFile(target);
        }

        public override bool TryRename(string source, string target)
        {
            bool renamed = base.TryRename(source, target);
            if (renamed)
            {
                base.SyncFile(target);
            }

            return renamed;
        }
    }

    /// <summary>What is synced in some places is made durable only after something has been written in others.</summary>
    private sealed class SyncsLate(IFileLayer inner, Func<string, bool> isLate, Func<string, bool> isBefore) : FileLayerDecorator(inner)
    {
        private readonly Lock _lock = new();
        private readonly List<(string Path, bool IsFile)> _owed = [];

        public override void SyncFile(string path)
        {
            lock (_lock)
            {
                if (isLate(path))
                {
                    _owed.Add((path, true));
                    return;
                }
            }

            base.SyncFile(path);
        }

        public override bool TryRename(string source, string target)
        {
            bool renamed = base.TryRename(source, target);
            if (renamed)
            {
                lock (_lock)
                {
                    for (int i = 0; i < _owed.Count; i++)
                    {
                        _owed[i] = _owed[i].Path == source ? (target, true) : _owed[i];
                    }
                }

                PayAfter(target);
            }

            return renamed;
        }

        public override void Replace(string source, string target)
        {
            base.Replace(source, target);
            PayAfter(target);
        }

        public override void SyncDirectory(string path)
        {
            lock (_lock)
            {
                if (isLate(path + "/"))
                {
                    _owed.Add((path, false));
                    return;
                }
            }

            base.SyncDirectory(path);
        }

        private void PayAfter(string path)
        {
            if (!isBefore(path))
            {
                return;
            }

            lock (_lock)
            {
                base.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
                foreach ((string owed, bool isFile) in _owed)
                {
                    if (isFile)
                    {
                        base.SyncFile(owed);
                    }
                    else
                    {
                        base.SyncDirectory(owed);
                    }
                }

                _owed.Clear();
            }
        }
    }

    /// <summary>The old version goes before the new one has the name.</summary>
    private sealed class ReplacesInTwoSteps(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public override void Replace(string source, string target)
        {
            base.Delete(target);
            base.Replace(source, target);
        }
    }

    /// <summary>No temporary file: the final name holds whatever part of the content has been written.</summary>
    private sealed class OverwritesDocuments(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public override void Replace(string source, string target)
        {
            byte[] content = base.ReadAll(source, int.MaxValue)!;
            base.Delete(target);
            base.Create(target, content);
            base.SyncFile(target);
            base.Delete(source);
        }
    }
}
