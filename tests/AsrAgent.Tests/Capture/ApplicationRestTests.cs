using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>An app-consistent point of a disk that the machine uses directly: a script brings an application to rest, then its file system is frozen.</summary>
public sealed class ApplicationRestTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ThePointHoldsTheApplicationAsItsScriptBroughtItToRest()
    {
        await using LoopDisk disk = await LoopDisk.CreateAsync(48 << 20);
        RealTools.Require("mkfs.ext4");
        await disk.FormatAsync("ext4");
        await disk.MountAsync();
        using TemporaryFolder folder = new();
        string scripts = Directory.CreateDirectory(folder.At("scripts")).FullName;
        string script = Path.Combine(scripts, "10-pair");

        // The application is asked by one file to pause and answers by another.
        await File.WriteAllTextAsync(
            script,
            $"""
            #!/bin/sh
            cd '{disk.MountPoint}' || exit 1
            case "$1" in
                pre) touch pause; for i in $(seq 200); do [ -e paused ] && exit 0; sleep 0.05; done; exit 1 ;;
                post) rm -f pause ;;
            esac
            """,
            Stop);
        await RealTools.CheckAsync("chmod", "500", script);
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk, scripts: scripts);

        using CancellationTokenSource load = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task application = Task.Run(() => WritePairs(disk.MountPoint, load.Token), CancellationToken.None);
        for (int round = 0; round < 2; round++)
        {
            await site.RunAsync(new OperationRequest { Operation = MachineOperation.CreateRecoveryPoint, AppConsistent = true });
            AsrRecoveryPoint point = (await site.Operator.GetPointsAsync(site.MachineId)).First(point => point.Reason == RecoveryPointReason.OnDemand);
            Assert.Equal((RecoveryPointType.AppConsistent, RecoveryPointGrade.Frozen), (point.Type, point.Grade));
            string image = site.At($"{point.Id:N}.img");
            await site.CopyDrillAsync(point.Id, image);
            await RealTools.CheckAsync("fsck.ext4", "-f", "-n", image);
            await using MountedImage mounted = await MountedImage.MountAsync(image);
            Assert.True(File.Exists(Path.Combine(mounted.Path, "paused")), "The application was not at rest.");
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(mounted.Path, "first"), Stop), await File.ReadAllTextAsync(Path.Combine(mounted.Path, "second"), Stop));
        }

        await load.CancelAsync();
        await application;
    }

    // Only between two pairs do the files agree, and only then does it pause.
    private static void WritePairs(string folder, CancellationToken stop)
    {
        string paused = Path.Combine(folder, "paused");
        for (long number = 1; !stop.IsCancellationRequested; number++)
        {
            foreach (string name in new[] { "first", "second" })
            {
                File.WriteAllText(Path.Combine(folder, name), number.ToString("d20", CultureInfo.InvariantCulture));
            }

            if (File.Exists(Path.Combine(folder, "pause")))
            {
                File.WriteAllText(paused, "");
                while (File.Exists(Path.Combine(folder, "pause")) && !stop.IsCancellationRequested)
                {
                    Thread.Sleep(5);
                }

                File.Delete(paused);
            }
        }
    }
}
