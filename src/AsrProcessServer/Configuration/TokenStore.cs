using System;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration;

/// <summary>One-time enrollment tokens. Safe for concurrent callers and several processes: of two that race for a token one wins.</summary>
/// <param name="catalog">The vault's catalog.</param>
/// <param name="time">The clock tokens expire by.</param>
/// <param name="authorityFingerprint">SHA-256 of the authority's certificate, upper-case hex.</param>
/// <param name="logger">The log.</param>
internal sealed class TokenStore(ICatalog catalog, TimeProvider time, string authorityFingerprint, ILogger<TokenStore> logger)
{
    /// <summary>Longest life of a token in hours.</summary>
    public const int HoursMax = 168;

    /// <summary>Life of a token in hours unless asked for otherwise.</summary>
    public const int HoursDefault = 24;

    private const int SecretBytes = 32;
    private readonly CatalogCollection<TokenDocument> _tokens = new(catalog, "tokens");

    /// <summary>Makes a token and forgets its secret. Removes tokens that ended long ago on the way.</summary>
    public async Task<AsrEnrollmentToken> CreateAsync(int hours, string requestedBy, CancellationToken cancellationToken)
    {
        if (hours is < 1 or > HoursMax)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"A token cannot be valid for {hours} hours; allowed are 1 to {HoursMax}.", "Ask for a number of hours in that range.");
        }

        DateTimeOffset now = time.GetUtcNow();
        await RemoveEndedAsync(now, cancellationToken);
        EnrollmentToken token = new() { Id = Guid.NewGuid(), Secret = RandomNumberGenerator.GetBytes(SecretBytes), Authority = authorityFingerprint };
        TokenDocument document = new() { SecretHash = SHA256.HashData(token.Secret), ExpiresAt = now.AddHours(hours), CreatedBy = requestedBy };
        await _tokens.WriteAsync(IdOf(token.Id), document, ifMatch: null, cancellationToken);
        ConfigurationLog.TokenMade(logger, token.Id, requestedBy, document.ExpiresAt);
        return new AsrEnrollmentToken { Token = token.Encode(), ExpiresAt = document.ExpiresAt };
    }

    /// <summary>
    /// Uses a token up for one public key and machine name. The same key and name may come again while the token is valid: that is a request
    /// repeated after a lost answer. Anything else is <see cref="AsrErrorCode.TokenInvalid"/>, with the same words whether the token is unknown, false, used or
    /// expired, so that a guesser learns nothing.
    /// </summary>
    /// <returns>The token's id, for the log.</returns>
    public async Task<Guid> ConsumeAsync(string text, ReadOnlyMemory<byte> publicKey, string machineName, CancellationToken cancellationToken)
    {
        EnrollmentToken token = EnrollmentToken.Parse(text);
        byte[] key = SHA256.HashData(publicKey.Span);
        Stored<TokenDocument> stored = await _tokens.ReadAsync(IdOf(token.Id), cancellationToken) ?? throw Refuse();
        TokenDocument document = stored.Value;
        if (!CryptographicOperations.FixedTimeEquals(document.SecretHash, SHA256.HashData(token.Secret)) || time.GetUtcNow() >= document.ExpiresAt)
        {
            throw Refuse();
        }

        if (document.UsedByKey is { } usedBy)
        {
            bool repeated = CryptographicOperations.FixedTimeEquals(usedBy, key) && document.UsedByMachine == machineName;
            return repeated ? token.Id : throw Refuse();
        }

        try
        {
            await _tokens.WriteAsync(stored.Id, document with { UsedByKey = key, UsedByMachine = machineName }, stored.ETag, cancellationToken);
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.Conflict or AsrErrorCode.NotFound)
        {
            // Someone else used it between the read and the write.
            throw Refuse();
        }

        return token.Id;
    }

    private async Task RemoveEndedAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await foreach (Stored<TokenDocument> stored in _tokens.ListAsync(cancellationToken))
        {
            if (now >= stored.Value.ExpiresAt)
            {
                await _tokens.DeleteAsync(stored.Id, stored.ETag, cancellationToken);
            }
        }
    }

    private static AsrException Refuse() => new(AsrErrorCode.TokenInvalid, "The enrollment token is unknown, used up or expired.", "Make a new token and use it once.");

    private static string IdOf(Guid id) => id.ToString("d");
}
