using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Engine.Segments;
using CsCheck;

namespace Asr.Engine.Tests.Vault.Index;

/// <summary>A disk as a plain dictionary: for each sector the change that wrote it last. What any index must equal.</summary>
internal sealed class SectorModel
{
    private readonly Dictionary<long, (long Sequence, bool IsZero)> _sectors = [];

    /// <summary>Writes, TRIMs and WRITE_ZEROES of any overlap.</summary>
    public static Gen<List<Change>> Changes(int sectors, int countMax) =>
        Gen.Select(Gen.Int[0, sectors - 1], Gen.Int[1, 40], Gen.Bool).List[1, countMax].Select(operations => operations
            .Select((operation, i) => new Change(
                i + 1,
                operation.Item1 * 512L,
                Math.Min(operation.Item2, sectors - operation.Item1) * 512,
                operation.Item3 ? ChangeKind.Data : ChangeKind.Zero,
                ChunkEncoding.None,
                0,
                0,
                default))
            .ToList());

    public void Apply(in Change change)
    {
        for (long sector = change.Offset / 512; sector < change.End / 512; sector++)
        {
            _sectors[sector] = (change.Sequence, change.Kind == ChangeKind.Zero);
        }
    }

    /// <summary>The change that a sector shows, or (0, false) for one that was never written.</summary>
    public (long Sequence, bool IsZero) this[long sector] => _sectors.GetValueOrDefault(sector);
}
