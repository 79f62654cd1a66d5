using Asr.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;

namespace Asr.ProcessServer.Hosting;

/// <summary>Bounds of what a request may carry or ask for.</summary>
internal static class RequestBounds
{
    /// <summary>Bytes of a body at most unless an endpoint says otherwise: a report of a machine with hundreds of disks fits.</summary>
    public const long BodyBytesDefault = 1 << 20;

    /// <summary>Bytes of the bodies strangers may send.</summary>
    public const long EnrollmentBodyBytesMax = 64 << 10;

    /// <summary>Disks one request may name.</summary>
    public const int DisksMax = 256;

    /// <summary>Characters of a short text, such as a version, a name or a folder.</summary>
    public const int TextCharsMax = 4_096;

    private const int CountMax = 1_000;
    private const int CountDefault = 100;

    /// <summary>The number of items asked for with ?top=N.</summary>
    public static int Top(int? top) => top switch
    {
        null => CountDefault,
        >= 1 and <= CountMax => top.Value,
        _ => throw Invalid("top", $"is {top}; allowed are 1 to {CountMax}"),
    };

    /// <summary>Sets the largest body of the endpoints.</summary>
    public static TBuilder LimitBody<TBuilder>(this TBuilder endpoints, long bytesMax)
        where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new RequestSizeLimitAttribute(bytesMax));

    /// <summary>An <see cref="AsrErrorCode.InvalidArgument"/> about one value.</summary>
    public static AsrException Invalid(string name, string what) => new(AsrErrorCode.InvalidArgument, $"{name} {what}.", $"See {AsrRoutes.OpenApi} on the control port.");
}
