using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Hosting;

/// <summary>Turns every failure of a request, whoever raised it, into an <see cref="AsrError"/> body.</summary>
internal sealed class ErrorResponses(RequestDelegate next, ILogger<ErrorResponses> logger)
{
    private const int RetryAfterSeconds = 1;

    /// <summary>Adds it to the pipeline, together with bodies for the statuses the web server answers with by itself (no such route, wrong method).</summary>
    public static void Use(IApplicationBuilder app)
    {
        app.UseMiddleware<ErrorResponses>();
        app.UseStatusCodePages(DescribeStatusAsync);
    }

    /// <summary>Runs the request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller is gone: no one is left to answer.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await WriteAsync(context, Describe(context, error, out int status), status, context.RequestAborted);
        }
    }

    private AsrError Describe(HttpContext context, Exception error, out int status)
    {
        string method = context.Request.Method;
        string path = context.Request.Path;
        switch (error)
        {
            case AsrException known when known.Code != AsrErrorCode.Internal:
                HostingLog.RequestRefused(logger, method, path, known.Code);
                status = HttpStatus.Of(known.Code);
                return AsrError.From(known);
            case BadHttpRequestException bad:
                // Kestrel's and the binder's own checks: size, framing, JSON, query values. Their message names what was wrong, the inner one where.
                status = bad.StatusCode;
                AsrErrorCode code = HttpStatus.CodeOf(status);
                HostingLog.RequestRefused(logger, method, path, code);
                return new AsrError { Code = code, Message = bad.InnerException is { } inner ? $"{bad.Message} {inner.Message}" : bad.Message };
            case OperationCanceledException:
                // The caller is still there, so it was the appliance that gave up.
                status = HttpStatus.Of(AsrErrorCode.Cancelled);
                return new AsrError { Code = AsrErrorCode.Cancelled, Message = "The appliance is stopping.", Action = "Try again when it runs." };
            default:
                HostingLog.RequestFailedInside(logger, method, path, error);
                status = StatusCodes.Status500InternalServerError;

                // The text of an unforeseen exception may hold paths and keys; it stays in the log.
                return new AsrError
                {
                    Code = AsrErrorCode.Internal,
                    Message = $"The appliance failed at {method} {path}.",
                    Action = $"Look for request {context.TraceIdentifier} in the appliance's log.",
                };
        }
    }

    private static Task DescribeStatusAsync(StatusCodeContext status)
    {
        HttpContext context = status.HttpContext;
        AsrError error = new()
        {
            Code = HttpStatus.CodeOf(context.Response.StatusCode),
            Message = $"{context.Request.Method} {context.Request.Path} is not part of the contract (status {context.Response.StatusCode}).",
            Action = $"See {AsrRoutes.OpenApi} on the control port.",
        };
        return WriteAsync(context, error, context.Response.StatusCode, context.RequestAborted);
    }

    private static Task WriteAsync(HttpContext context, AsrError error, int status, CancellationToken cancellationToken)
    {
        context.Response.Clear();
        context.Response.StatusCode = status;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return context.Response.WriteAsJsonAsync(error, AsrJson.Options, cancellationToken);
    }
}
