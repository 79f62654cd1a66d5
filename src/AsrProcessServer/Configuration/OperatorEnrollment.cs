using System;
using System.Net;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration;

/// <summary>Turns the passphrase into an operator's short-lived certificate.</summary>
internal sealed partial class OperatorEnrollment(
    IPassphraseCheck passphrase, FailedAttempts attempts, CertificateIssuer issuer, ILogger<OperatorEnrollment> logger) : IDisposable
{
    private const int PassphraseCharsMax = 1_024;

    // One derivation at a time: it bounds the processor time strangers can take from replication, and makes "look at the count, try, count" one step.
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Enrolls; <see cref="AsrErrorCode.WrongPassphrase"/> or <see cref="AsrErrorCode.TooManyAttempts"/>.</summary>
    public async Task<EnrollOperatorResponse> EnrollAsync(EnrollOperatorRequest request, IPAddress? address, CancellationToken cancellationToken)
    {
        if (!UserNamePattern().IsMatch(request.UserName ?? ""))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "UserName must be 1 to 64 characters without control characters.", "Give the name of the person or script that connects.");
        }

        if (string.IsNullOrEmpty(request.Passphrase) || request.Passphrase.Length > PassphraseCharsMax)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"Passphrase must be 1 to {PassphraseCharsMax} characters.", "Give the vault's passphrase.");
        }

        attempts.Demand(address);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            attempts.Demand(address);
            if (!await passphrase.IsRightAsync(request.Passphrase, cancellationToken))
            {
                ConfigurationLog.WrongPassphrase(logger, address, attempts.Count(address));
                throw new AsrException(AsrErrorCode.WrongPassphrase, "The passphrase does not open this vault.", "Check the passphrase and the appliance's address.");
            }
        }
        finally
        {
            _turn.Release();
        }

        byte[] pkcs12 = issuer.IssueOperator(request.UserName!);
        ConfigurationLog.OperatorEnrolled(logger, request.UserName!, address);
        return new EnrollOperatorResponse { Pkcs12 = Convert.ToBase64String(pkcs12) };
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    [GeneratedRegex(@"\A[^\p{C}]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex UserNamePattern();
}
