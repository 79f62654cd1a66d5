using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Scrub;

/// <summary>What is wrong with an object of a disk.</summary>
/// <param name="Object">The object; for one that is missing, the stretch that no object holds.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Message">What is wrong, in a sentence.</param>
/// <param name="Action">What to do.</param>
/// <param name="Contents">The damaged contents; empty when the object as a whole cannot be read.</param>
internal sealed record ObjectDamage(SegmentName Object, VaultProblem Problem, string Message, string? Action, IReadOnlyList<Change> Contents)
{
    /// <summary>Whether a part of a branch has changes in the object's stretch.</summary>
    public bool Touches(in BranchPart part) =>
        part.Epoch == Object.Epoch && part.After < Object.LastSequence && part.UpTo >= Object.FirstSequence;

    /// <summary>Whether a branch has.</summary>
    public bool Touches(IEnumerable<BranchPart> parts) => parts.Any(part => Touches(part));
}
