using System;
using System.IO;
using System.Threading;
using Asr.Contracts;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;

namespace Asr.Engine.Vault.Azure;

/// <summary>What the storage, the network or the identity said, in the product's words. Texts have no address with a query: a shared access signature is a secret.</summary>
internal static class AzureErrors
{
    private const int InsufficientStorage = 507;
    private const int Unauthorized = 401;
    private const int Forbidden = 403;

    /// <summary>True for what the client library throws when a request has failed for good, or was cancelled between two tries. Its own time limit looks like a cancellation.</summary>
    public static bool IsStorageError(Exception error) =>
        error is RequestFailedException or AggregateException or AuthenticationFailedException or IOException or OperationCanceledException;

    /// <summary>The error to throw instead: the caller's own cancellation, or what is wrong with the storage.</summary>
    /// <param name="error">What the client library threw.</param>
    /// <param name="what">What was being done, e.g. "Storing segment ...".</param>
    /// <param name="target">The item.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public static Exception Translate(Exception error, string what, string target, CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? new OperationCanceledException($"{what} was cancelled.", error, cancellationToken)
        : Translate(error, what, target);

    private static AsrException Translate(Exception error, string what, string target)
    {
        // Of several tries the last one tells most.
        Exception last = error is AggregateException { InnerExceptions.Count: > 0 } all ? all.InnerExceptions[^1] : error;
        if (last is AuthenticationFailedException)
        {
            return new AsrException(
                AsrErrorCode.VaultUnavailable,
                $"{what} failed: no identity for Azure could be had: {FirstLine(last)}",
                "Give this machine a managed identity or the environment of a service principal, or the container's signature or connection string; replication goes on by itself.",
                target,
                error);
        }

        if (last is not RequestFailedException { Status: > 0 } refused)
        {
            return new AsrException(AsrErrorCode.VaultUnavailable, $"{what} failed: {FirstLine(last)}", "Check the way to the storage account; replication goes on by itself.", target, error);
        }

        string said = $"{what} failed: the storage answered {refused.Status} {refused.ErrorCode}".TrimEnd();
        return refused.Status switch
        {
            InsufficientStorage => new AsrException(AsrErrorCode.VaultFull, $"{said}.", "Raise the storage account's quota; replication goes on by itself.", target, error),
            Unauthorized or Forbidden => new AsrException(
                AsrErrorCode.VaultUnavailable,
                $"{said}: these credentials may not do this.",
                "Assign the role Storage Blob Data Contributor on the container, or renew the signature; check the account's firewall. Replication goes on by itself.",
                target,
                error),
            _ => new AsrException(AsrErrorCode.VaultUnavailable, $"{said}.", "Check the storage account; replication goes on by itself.", target, error),
        };
    }

    /// <summary>Whether the blob, or the container with it, is not there.</summary>
    public static bool IsMissing(RequestFailedException error) => error.ErrorCode == BlobErrorCode.BlobNotFound || (error.Status == 404 && error.ErrorCode != BlobErrorCode.ContainerNotFound);

    /// <summary>Whether a condition of the request did not hold: the blob exists, or is another version.</summary>
    public static bool IsRefusedByCondition(RequestFailedException error) =>
        error.ErrorCode == BlobErrorCode.BlobAlreadyExists || error.ErrorCode == BlobErrorCode.ConditionNotMet;

    private static string FirstLine(Exception error)
    {
        int end = error.Message.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? error.Message : error.Message[..end];
    }
}
