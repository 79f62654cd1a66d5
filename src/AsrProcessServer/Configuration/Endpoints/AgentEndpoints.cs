using System;
using System.Threading;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Machines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Asr.ProcessServer.Configuration.Endpoints;

/// <summary>What agents tell and are told. The machine is always the certificate's, never one named in the request.</summary>
internal static class AgentEndpoints
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("").WithTags("Agents").Allow(AccessRule.AgentControl);

        group.MapPost(AsrRoutes.AgentReport, async (AgentReport report, HttpContext context, IMachineService machines, CancellationToken cancellationToken) =>
        {
            Check(report);
            await machines.ReportAsync(CallerCheck.MachineOf(context), report, cancellationToken);
            return TypedResults.NoContent();
        });

        group.MapGet(AsrRoutes.AgentAssignment, (long? knownRevision, HttpContext context, IMachineService machines, LongPolls polls) =>
        {
            Guid machineId = CallerCheck.MachineOf(context);
            return polls.WaitAsync(context, stop => machines.GetAssignmentAsync(machineId, knownRevision, stop));
        });

        group.MapPost(AsrRoutes.AgentCertificate, (RenewAgentCertificateRequest request, HttpContext context, AgentEnrollment enrollment, CancellationToken cancellationToken) =>
            enrollment.RenewAsync(CallerCheck.MachineOf(context), request, cancellationToken)).LimitBody(RequestBounds.EnrollmentBodyBytesMax);
    }

    private static void Check(AgentReport report)
    {
        if (report.Disks is null || report.Disks.Count > RequestBounds.DisksMax)
        {
            throw RequestBounds.Invalid(nameof(report.Disks), $"must be a list of at most {RequestBounds.DisksMax} disks");
        }

        foreach (AsrDisk disk in report.Disks)
        {
            if (disk is null || disk.Id == Guid.Empty || disk.Name is not { Length: >= 1 and <= RequestBounds.TextCharsMax })
            {
                throw RequestBounds.Invalid(nameof(report.Disks), "holds a disk without id or name");
            }

            if (disk.SizeBytes is < 0 or > ReplicationLimits.DiskBytesMax)
            {
                throw RequestBounds.Invalid(nameof(report.Disks), $"holds disk '{disk.Name}' of {disk.SizeBytes} bytes; allowed are 0 to {ReplicationLimits.DiskBytesMax}");
            }
        }

        if (report.AgentVersion is not { Length: <= RequestBounds.TextCharsMax } || !Enum.IsDefined(report.Mode))
        {
            throw RequestBounds.Invalid(nameof(AgentReport), "has no usable AgentVersion or Mode");
        }
    }
}
