using System;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Asr.Engine.Tests.Vault.Backends;

/// <summary>Tests of what a vault does wherever it is. Each class of them has one descendant for a folder and one for blobs.</summary>
public abstract class VaultTest(VaultStorage storage) : IAsyncDisposable
{
    /// <summary>The storage of the test's vault.</summary>
    protected VaultStorage Storage { get; } = storage;

    /// <summary>Ends with the test.</summary>
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Storage.DisposeAsync();
    }
}
