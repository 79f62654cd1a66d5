using System;
using Asr.Agent.State;

namespace Asr.Agent.Enrollment;

/// <summary>
/// The key that went out with a token, stored before it goes: if the answer is lost, running the same command again asks with the same key, and the
/// appliance gives the same machine instead of "used up".
/// </summary>
internal sealed record PendingEnrollment
{
    /// <summary>Id of the token.</summary>
    public Guid TokenId { get; init; }

    /// <summary>PKCS#8, PEM.</summary>
    public string PrivateKeyPem { get; init; } = "";

    /// <summary>The key to use with a token: the stored one if the token is the same, else a new one.</summary>
    public static AgentKey TakeKey(StateFolder folder, Guid tokenId)
    {
        PendingEnrollment? pending = StateFile.Read<PendingEnrollment>(folder.PendingEnrollmentFile);
        if (pending?.TokenId == tokenId)
        {
            return AgentKey.FromPem(pending.PrivateKeyPem);
        }

        AgentKey key = AgentKey.Create();
        StateFile.WriteDurably(folder.PendingEnrollmentFile, new PendingEnrollment { TokenId = tokenId, PrivateKeyPem = key.PrivateKeyPem });
        return key;
    }

    /// <summary>The id only: a record's own text would put the key into logs.</summary>
    public override string ToString() => $"pending enrollment with token {TokenId}";
}
