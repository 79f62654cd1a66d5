namespace Asr.Engine.Vault.Index;

/// <summary>The unit of the index.</summary>
internal static class Sectors
{
    /// <summary>Bytes of a sector: changes begin and end on them.</summary>
    public const int Bytes = 512;
}
