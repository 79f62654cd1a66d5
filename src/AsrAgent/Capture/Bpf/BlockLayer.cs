using Asr.Contracts;

namespace Asr.Agent.Capture.Bpf;

/// <summary>What the programs need to know of the running kernel's block layer.</summary>
internal sealed record BlockLayer
{
    /// <summary>A tracepoint and the argument that is of interest.</summary>
    /// <param name="Type">Its type.</param>
    /// <param name="Argument">The argument's number.</param>
    public readonly record struct Tracepoint(int Type, int Argument);

    /// <summary>A bio is handed to the block layer; once for each, before it can reach the device, at its place on the whole disk.</summary>
    public Tracepoint Queue { get; private init; }

    /// <summary>A bio has ended that was no part of a request: on a device without requests, or before it became one.</summary>
    public Tracepoint Complete { get; private init; }

    /// <summary>A request has ended, or a part of it; its bios are not told one by one. The argument is the request, two further on are the bytes.</summary>
    public Tracepoint RequestComplete { get; private init; }

    /// <summary>A request goes to the driver, also one that never was a bio.</summary>
    public Tracepoint Issue { get; private init; }

    public int BioDevice { get; private init; }

    public int BioOperation { get; private init; }

    public int BioSector { get; private init; }

    public int BioBytes { get; private init; }

    public int BioStatus { get; private init; }

    public int BioNext { get; private init; }

    /// <summary>Of a part that the block layer split off: the bio that it was split from.</summary>
    public int BioPrivate { get; private init; }

    public int RequestBio { get; private init; }

    /// <summary>From a block device to its disk; null where a bio names the disk itself (before 5.12).</summary>
    public int? DeviceDisk { get; private init; }

    public int DiskMajor { get; private init; }

    public int DiskMinor { get; private init; }

    public int RequestOperation { get; private init; }

    public int RequestQueue { get; private init; }

    public int QueueDisk { get; private init; }

    /// <summary>The operation of a write whose place is known when it has ended only.</summary>
    public int ZoneAppend { get; init; }

    /// <summary>The operation of a command that passes the block layer by.</summary>
    public int DriverOut { get; init; }

    /// <summary>Looks everything up.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.CaptureUnavailable"/>: the kernel lacks something.</exception>
    public static BlockLayer Of(KernelTypes types)
    {
        bool hasDevice = types.OffsetOf("bio", "bi_bdev") is not null;
        return new BlockLayer
        {
            Queue = Find(types, "block_bio_queue", "bio"),
            Complete = Find(types, "block_bio_complete", "bio"),
            RequestComplete = Find(types, "block_rq_complete", "request"),
            Issue = Find(types, "block_rq_issue", "request"),
            BioDevice = types.OffsetOf("bio", "bi_bdev") ?? Offset(types, "bio", "bi_disk"),
            BioOperation = Offset(types, "bio", "bi_opf"),
            BioSector = Offset(types, "bio", "bi_iter", "bi_sector"),
            BioBytes = Offset(types, "bio", "bi_iter", "bi_size"),
            BioStatus = Offset(types, "bio", "bi_status"),
            BioNext = Offset(types, "bio", "bi_next"),
            BioPrivate = Offset(types, "bio", "bi_private"),
            RequestBio = Offset(types, "request", "bio"),
            DeviceDisk = hasDevice ? Offset(types, "block_device", "bd_disk") : null,
            DiskMajor = Offset(types, "gendisk", "major"),
            DiskMinor = Offset(types, "gendisk", "first_minor"),
            RequestOperation = Offset(types, "request", "cmd_flags"),
            RequestQueue = Offset(types, "request", "q"),
            QueueDisk = Offset(types, "request_queue", "disk"),
            ZoneAppend = Constant(types, "REQ_OP_ZONE_APPEND"),
            DriverOut = Constant(types, "REQ_OP_DRV_OUT"),
        };
    }

    private static Tracepoint Find(KernelTypes types, string name, string structName) =>
        types.FindTracepoint(name) is { } type && types.ArgumentOf(type, structName) is { } argument
            ? new Tracepoint(type, argument)
            : throw Lacks($"the tracepoint {name}");

    private static int Offset(KernelTypes types, string structName, params string[] path) =>
        types.OffsetOf(structName, path) ?? throw Lacks($"{structName}.{string.Join('.', path)}");

    private static int Constant(KernelTypes types, string name) => types.ConstantOf(name) ?? throw Lacks(name);

    private static AsrException Lacks(string what) => new(
        AsrErrorCode.CaptureUnavailable, $"This kernel has no {what}, which tracking writes by BPF needs.", "Use Linux 5.15 or newer; until then the disk is compared by hash.");
}
