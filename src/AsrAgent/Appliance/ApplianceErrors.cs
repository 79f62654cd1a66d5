using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Appliance;

/// <summary>Turns what can go wrong between agent and appliance into <see cref="AsrException"/>.</summary>
internal static class ApplianceErrors
{
    /// <summary>From a failed answer: the appliance's own <see cref="AsrError"/> if that is what the body holds.</summary>
    public static AsrException FromAnswer(Uri endpoint, HttpStatusCode status, ReadOnlySpan<byte> body)
    {
        try
        {
            AsrError? error = JsonSerializer.Deserialize(body, AgentJson.Compact<AsrError>());
            if (error is { Code: not 0, Message.Length: > 0 })
            {
                return error.ToException();
            }
        }
        catch (JsonException)
        {
            // Not from an appliance: told below.
        }

        return Malformed(endpoint, $"HTTP status {(int)status} without a reason");
    }

    /// <summary>An answer that no appliance gives: something else listens there, or stands between. To be tried again like an absent appliance.</summary>
    public static AsrException Malformed(Uri endpoint, string what, Exception? inner = null) => new(
        AsrErrorCode.ApplianceUnreachable,
        $"{endpoint} does not answer as an appliance does: {what}.",
        "Check that the address is the appliance's and that no proxy changes the traffic.",
        endpoint.ToString(),
        inner);

    /// <summary>No answer in time.</summary>
    public static AsrException TimedOut(Uri endpoint, TimeSpan timeout, Exception? inner) => new(
        AsrErrorCode.ApplianceUnreachable,
        $"The appliance at {endpoint} did not answer within {timeout.TotalSeconds:0} s.",
        "Check that the appliance runs and that the network lets this machine reach it.",
        endpoint.ToString(),
        inner);

    /// <summary>From a fault of the connection. A verdict on a certificate, thrown during the handshake, is found inside.</summary>
    public static AsrException FromFault(Uri endpoint, Exception fault)
    {
        string reason = fault.Message;
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is AsrException verdict)
            {
                return verdict;
            }

            reason = cause.Message;
        }

        return new AsrException(
            AsrErrorCode.ApplianceUnreachable,
            $"The appliance at {endpoint} cannot be reached: {reason.TrimEnd('.')}.",
            "Check that the appliance runs and that the network lets this machine reach it.",
            endpoint.ToString(),
            fault);
    }

    /// <summary>True for exceptions that say something about the connection.</summary>
    public static bool IsFault(Exception error) => error is HttpRequestException or IOException;
}
