namespace Asr.Engine.Vault.Local;

/// <summary>What a local vault works with.</summary>
public sealed record LocalVaultOptions : VaultOptions
{
    /// <summary>The file system.</summary>
    public IFileLayer Files { get; init; } = new PhysicalFileLayer();
}
