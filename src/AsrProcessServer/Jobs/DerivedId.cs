using System;
using System.Security.Cryptography;
using System.Text;

namespace Asr.ProcessServer.Jobs;

/// <summary>Ids that a repeated step finds again: the same job and purpose give the same id.</summary>
public static class DerivedId
{
    /// <summary>The id of something a job makes.</summary>
    public static Guid Of(Guid jobId, string purpose) => new(SHA256.HashData([.. jobId.ToByteArray(), .. Encoding.UTF8.GetBytes(purpose)]).AsSpan(0, 16));
}
