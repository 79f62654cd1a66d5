using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>One recorded operation that changes something or makes it durable.</summary>
internal sealed record FileStep(FileOperation Operation, string Path, string? Source = null, byte[]? Content = null)
{
    /// <summary>Does it again.</summary>
    public void Apply(IFileLayer files)
    {
        switch (Operation)
        {
            case FileOperation.Create:
                files.Create(Path, Content);
                break;
            case FileOperation.SyncFile:
                files.SyncFile(Path);
                break;
            case FileOperation.SyncDirectory:
                files.SyncDirectory(Path);
                break;
            case FileOperation.Replace:
                files.Replace(Source!, Path);
                break;
            case FileOperation.TryRename:
                files.TryRename(Source!, Path);
                break;
            case FileOperation.Delete:
                files.Delete(Path);
                break;
            case FileOperation.CreateDirectory:
                files.CreateDirectory(Path);
                break;
            case FileOperation.DeleteDirectory:
                files.DeleteDirectory(Path);
                break;
        }
    }

    public override string ToString() => $"{Operation} {Path}{(Source is null ? "" : $" from {Source}")}{(Content is null ? "" : $" ({Content.Length} bytes)")}";
}
