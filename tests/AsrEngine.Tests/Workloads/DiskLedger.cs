using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;

namespace Asr.Engine.Tests.Workloads;

/// <summary>One writer's part of a disk's stream, with every change that was sent, vouched for or not. Immutable.</summary>
internal sealed record EpochLedger(int Number, StreamPosition Parent, long SizeBytes, IReadOnlyList<ScriptChange> Changes)
{
    /// <summary>Last change that was sent.</summary>
    public long LastSent => Parent.Sequence + Changes.Count;
}

/// <summary>What the vault has promised about one disk, and what was under way. Immutable.</summary>
internal sealed record DiskLedger
{
    public long SizeBytes { get; init; }

    /// <summary>Epochs whose takeover was answered, by ascending number.</summary>
    public IReadOnlyList<EpochLedger> Epochs { get; init; } = [];

    /// <summary>Everything up to here was vouched for.</summary>
    public StreamPosition Floor { get; init; }

    /// <summary>Everything up to here was received: it is the head of a new session on the same machine.</summary>
    public StreamPosition Received { get; init; }

    /// <summary>Takeovers that were asked for and not answered, with the base they asked for.</summary>
    public IReadOnlyList<StreamPosition?> TakingOver { get; init; } = [];

    /// <summary>The disk is being removed.</summary>
    public bool IsDeleting { get; init; }

    /// <summary>The disk has been removed, and no one has taken it over since.</summary>
    public bool IsGone { get; init; }

    /// <summary>Only positions of points, heads and forks can be counted on: compaction has thinned what lies between them.</summary>
    public bool IsThinned { get; init; }

    public EpochLedger? Find(int number) => Epochs.FirstOrDefault(epoch => epoch.Number == number);

    public DiskLedger With(EpochLedger changed) => this with { Epochs = [.. Epochs.Where(epoch => epoch.Number != changed.Number), changed] };

    /// <summary>The same place named by the epoch that wrote its last change.</summary>
    public StreamPosition Normalize(StreamPosition position)
    {
        while (Find(position.Epoch) is { } epoch && position.Sequence <= epoch.Parent.Sequence)
        {
            position = new StreamPosition(epoch.Parent.Epoch, position.Sequence);
        }

        return position.Sequence == 0 ? default : position;
    }

    /// <summary>Whether everything in <paramref name="earlier"/> is part of the past of <paramref name="later"/>.</summary>
    public bool Contains(StreamPosition later, StreamPosition earlier)
    {
        earlier = Normalize(earlier);
        for (StreamPosition at = later; at.Epoch != 0;)
        {
            if (at.Epoch == earlier.Epoch)
            {
                return earlier.Sequence <= at.Sequence;
            }

            EpochLedger? epoch = Find(at.Epoch);
            if (epoch is null)
            {
                return false;
            }

            at = new StreamPosition(epoch.Parent.Epoch, long.Min(at.Sequence, epoch.Parent.Sequence));
        }

        return earlier.Sequence == 0;
    }

    /// <summary>Whether changes up to this position were ever sent.</summary>
    public bool WasSent(StreamPosition position)
    {
        position = Normalize(position);
        return position.Sequence == 0 || (Find(position.Epoch) is { } epoch && position.Sequence <= epoch.LastSent);
    }

    /// <summary>The disk's content at a position, from nothing but what the script sent.</summary>
    public byte[] ContentAt(StreamPosition position)
    {
        if (Find(position.Epoch) is not { } epoch || position.Sequence == 0)
        {
            return new byte[SizeBytes];
        }

        byte[] content = ContentAt(new StreamPosition(epoch.Parent.Epoch, long.Min(position.Sequence, epoch.Parent.Sequence)));
        for (int i = 0; i < position.Sequence - epoch.Parent.Sequence; i++)
        {
            epoch.Changes[i].ApplyTo(content);
        }

        return content;
    }
}
