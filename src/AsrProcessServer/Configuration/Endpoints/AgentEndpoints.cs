using System;
using System.Collections.Generic;
using System.Linq;
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

    private static void CheckInstants(AgentReport report)
    {
        if (report.Instants is null || report.Instants.Count > ReplicationLimits.InstantsPerReportMax)
        {
            throw RequestBounds.Invalid(nameof(report.Instants), $"must be a list of at most {ReplicationLimits.InstantsPerReportMax} instants");
        }

        foreach (MachineInstant instant in report.Instants)
        {
            if (instant?.Disks is not { Count: >= 1 and <= RequestBounds.DisksMax } || !Enum.IsDefined(instant.Source))
            {
                throw RequestBounds.Invalid(nameof(report.Instants), $"holds one without a usable source or with other than 1 to {RequestBounds.DisksMax} disks");
            }

            HashSet<Guid> seen = [];
            foreach (DiskBase disk in instant.Disks)
            {
                if (disk is null || !seen.Add(disk.DiskId) || disk.Position is not { Epoch: >= 1, Sequence: >= 0 })
                {
                    throw RequestBounds.Invalid(nameof(report.Instants), "holds one with a disk twice, or without a usable position");
                }
            }
        }
    }

    private static void CheckVerification(AsrVerification verification)
    {
        if (verification.Disks is not { Count: <= RequestBounds.DisksMax } disks
            || verification.Error?.Message.Length > RequestBounds.TextCharsMax
            || verification.Error?.Action?.Length > RequestBounds.TextCharsMax)
        {
            throw RequestBounds.Invalid(nameof(AgentReport.Verification), $"must have at most {RequestBounds.DisksMax} disks and texts of at most {RequestBounds.TextCharsMax} characters");
        }

        foreach (VerifiedDisk disk in disks)
        {
            if (disk?.Name is not { Length: <= RequestBounds.TextCharsMax }
                || disk.Differences is not { Count: <= ReplicationLimits.VerificationRangesMax }
                || disk.SizeBytes is < 0 or > ReplicationLimits.DiskBytesMax
                || Array.Exists([disk.EqualBytes, disk.EqualLaterBytes, disk.DifferentBytes, disk.UncomparedBytes], bytes => bytes < 0 || bytes > disk.SizeBytes)
                || disk.Differences.Any(range => range is null || range.Offset < 0 || range.Length < 1 || range.Offset > disk.SizeBytes - range.Length))
            {
                throw RequestBounds.Invalid(nameof(AgentReport.Verification), $"holds a disk without a usable name or size, with ranges beyond its end, or with more than {ReplicationLimits.VerificationRangesMax} of them");
            }
        }
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

        CheckInstants(report);
        if (report.Verification is { } verification)
        {
            CheckVerification(verification);
        }

        if (report.AgentVersion is not { Length: <= RequestBounds.TextCharsMax } || !Enum.IsDefined(report.Mode))
        {
            throw RequestBounds.Invalid(nameof(AgentReport), "has no usable AgentVersion or Mode");
        }
    }
}
