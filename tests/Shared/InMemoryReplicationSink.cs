using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Segments;
using Asr.Engine.Shipping;

namespace Asr.Testing;

/// <summary>
/// A process server with its vault in memory: takes batches in order, keeps every change, rebuilds any position by replaying it. The vault lags behind the
/// spool until someone asks for progress or publishes. Faults are drawn by <see cref="Faults"/>. Thread-safe.
/// </summary>
public sealed class InMemoryReplicationSink : IReplicationSink, IReplicaSource
{
    private readonly ConcurrentDictionary<Guid, Disk> _disks = new();
    private readonly ConcurrentDictionary<Guid, AsrRecoveryPoint> _points = new();

    /// <summary>Faults to draw; none by default.</summary>
    public SinkFaults Faults { get; set; } = new(0);

    /// <summary>Published points, oldest first.</summary>
    public IReadOnlyList<AsrRecoveryPoint> Points => [.. _points.Values.OrderBy(point => point.Time)];

    /// <summary>Whether a point is published.</summary>
    public bool HasPoint(Guid pointId) => _points.ContainsKey(pointId);

    /// <summary>Bytes of content received for a disk.</summary>
    public long ContentBytes(Guid diskId) => Of(diskId).ContentBytes;

    /// <summary>Changes received for a disk, over all sessions.</summary>
    public long ChangeCount(Guid diskId) => Of(diskId).ChangeCount;

    /// <summary>Bytes read of points.</summary>
    public long PointBytesRead { get; private set; }

    /// <summary>Sessions opened for a disk.</summary>
    public int SessionCount(Guid diskId) => Of(diskId).Epochs.Count;

    /// <summary>The disk's content at a point.</summary>
    public byte[] Image(Guid diskId, Guid pointId)
    {
        RecoveryPointDisk place = _points[pointId].Disks.Single(disk => disk.DiskId == diskId);
        Disk disk = Of(diskId);
        lock (disk)
        {
            return disk.Replay(place.Epoch, place.Sequence);
        }
    }

    /// <summary>The disk's content as received so far.</summary>
    public byte[] Head(Guid diskId)
    {
        Disk disk = Of(diskId);
        lock (disk)
        {
            return disk.Replay(disk.Epochs.Count, disk.Next - 1);
        }
    }

    /// <summary>Ends every session, as a restart of the process server does; with <paramref name="losesSpool"/> what the vault lacks is gone.</summary>
    public void LoseSessions(bool losesSpool)
    {
        foreach (Disk disk in _disks.Values)
        {
            lock (disk)
            {
                disk.Lose(losesSpool);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken)
    {
        SinkFault fault = await Faults.BeforeAsync(cancellationToken);
        Disk disk = _disks.GetOrAdd(diskId, _ => new Disk(request.SizeBytes));
        ReplicationSession session;
        lock (disk)
        {
            session = disk.Open(request);
        }

        SinkFaults.After(fault);
        return session;
    }

    /// <inheritdoc/>
    public async Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
    {
        SinkFault fault = await Faults.BeforeAsync(cancellationToken);
        Disk disk = Of(diskId);
        if (fault is SinkFault.LoseSession or SinkFault.LoseSpool)
        {
            lock (disk)
            {
                disk.Lose(fault == SinkFault.LoseSpool);
            }
        }

        // The sender keeps its memory only as long as the call lasts.
        ChangeBatch parsed = ChangeBatch.Parse(batch.ToArray(), disk.Size);
        ShipReceipt receipt = await disk.TakeAsync(parsed, cancellationToken);
        SinkFaults.After(fault);
        return receipt;
    }

    /// <inheritdoc/>
    public async Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken)
    {
        SinkFault fault = await Faults.BeforeAsync(cancellationToken);
        Disk disk = Of(diskId);
        lock (disk)
        {
            disk.CheckEpoch(epoch);
            if (Faults.VaultAdvances)
            {
                disk.Vault = disk.Next - 1;
            }

            SinkFaults.After(fault);
            return disk.Receipt();
        }
    }

    /// <inheritdoc/>
    public async Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken)
    {
        SinkFault fault = await Faults.BeforeAsync(cancellationToken);
        foreach (RecoveryPointDisk place in point.Disks)
        {
            Disk disk = Of(place.DiskId);
            lock (disk)
            {
                disk.CheckPosition(place.Epoch, place.Sequence);
                disk.Vault = Math.Max(disk.Vault, Math.Min(place.Sequence, disk.Next - 1));
            }
        }

        AsrRecoveryPoint published = _points.GetOrAdd(point.Id, point);
        SinkFaults.After(fault);
        return published;
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken)
    {
        SinkFault fault = await Faults.BeforeAsync(cancellationToken);
        byte[] image = request.RecoveryPointId is { } point ? Image(diskId, point) : request.Position is { } position ? ImageAt(diskId, position) : Head(diskId);
        SinkFaults.After(fault);
        List<byte> digests = [];
        for (long at = request.Offset; at < image.Length && digests.Count < request.Count * ReplicationLimits.DigestBytes; at += request.RegionBytes)
        {
            int length = (int)Math.Min(request.RegionBytes, image.Length - at);
            digests.AddRange(SHA256.HashData(image.AsSpan((int)at, length)).AsSpan(0, ReplicationLimits.DigestBytes));
        }

        return [.. digests];
    }

    /// <inheritdoc/>
    public async Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        SinkFault fault = await Faults.BeforeAsync(cancellationToken);
        Image(diskId, recoveryPointId).AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
        lock (_points)
        {
            PointBytesRead += buffer.Length;
        }

        SinkFaults.After(fault);
    }

    private byte[] ImageAt(Guid diskId, StreamPosition position)
    {
        Disk disk = Of(diskId);
        lock (disk)
        {
            disk.CheckEpoch(position.Epoch);
            disk.CheckPosition(position.Epoch, position.Sequence);
            return disk.Replay(position.Epoch, position.Sequence);
        }
    }

    private Disk Of(Guid diskId) => _disks.TryGetValue(diskId, out Disk? disk)
        ? disk
        : throw new AsrException(AsrErrorCode.NotFound, $"No disk {diskId}.");

    private sealed record Entry(Change Change, byte[] Content);

    private sealed class Epoch(Guid nonce, StreamPosition parent)
    {
        public Guid Nonce => nonce;

        public StreamPosition Parent => parent;

        // Change i has sequence Parent.Sequence + 1 + i.
        public List<Entry> Entries { get; } = [];
    }

    private sealed class Disk(long size)
    {
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _isLost;

        public long Size => size;

        public List<Epoch> Epochs { get; } = [];

        public long Vault { get; set; }

        public long ContentBytes { get; private set; }

        public long ChangeCount { get; private set; }

        public long Next => Epochs.Count == 0 ? 1 : Epochs[^1].Parent.Sequence + 1 + Epochs[^1].Entries.Count;

        public ReplicationSession Open(OpenSessionRequest request)
        {
            if (Epochs.Count == 0 || Epochs[^1].Nonce != request.Nonce)
            {
                StreamPosition head = new(Epochs.Count, Next - 1);
                Epochs.Add(new Epoch(request.Nonce, request.Base ?? head));
                Vault = Math.Min(Vault, Next - 1);
            }

            _isLost = false;
            Announce();
            return new ReplicationSession { Epoch = Epochs.Count, Parent = Epochs[^1].Parent, NextSequence = Next };
        }

        public void Lose(bool losesSpool)
        {
            _isLost = true;
            if (losesSpool && Epochs.Count > 0 && Vault >= Epochs[^1].Parent.Sequence)
            {
                int kept = (int)(Vault - Epochs[^1].Parent.Sequence);
                Epochs[^1].Entries.RemoveRange(kept, Epochs[^1].Entries.Count - kept);
            }

            Announce();
        }

        public async Task<ShipReceipt> TakeAsync(ChangeBatch batch, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task changed;
                lock (this)
                {
                    CheckEpoch(batch.Epoch);
                    if (batch.LastSequence < Next)
                    {
                        return Receipt();
                    }

                    if (batch.FirstSequence == Next)
                    {
                        Apply(batch);
                        return Receipt();
                    }

                    if (batch.FirstSequence < Next)
                    {
                        throw new AsrException(AsrErrorCode.SequenceGap, "A batch overlaps what is there.");
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(cancellationToken);
            }
        }

        public void CheckEpoch(int epoch)
        {
            if (_isLost || epoch != Epochs.Count)
            {
                throw new AsrException(AsrErrorCode.SessionLost, $"Epoch {epoch} is not the current one.");
            }
        }

        public void CheckPosition(int epoch, long sequence)
        {
            if (epoch < 1 || epoch > Epochs.Count || sequence > Epochs[epoch - 1].Parent.Sequence + Epochs[epoch - 1].Entries.Count)
            {
                throw new AsrException(AsrErrorCode.SessionLost, $"Position {epoch}/{sequence} is not there.");
            }
        }

        public ShipReceipt Receipt() => new() { ReceivedSequence = Next - 1, VaultSequence = Vault };

        public byte[] Replay(int epoch, long sequence)
        {
            byte[] image = new byte[size];
            Stack<(Epoch Epoch, long Through)> chain = new();
            while (epoch > 0)
            {
                Epoch link = Epochs[epoch - 1];
                chain.Push((link, sequence));
                sequence = Math.Min(sequence, link.Parent.Sequence);
                epoch = link.Parent.Epoch;
            }

            foreach ((Epoch link, long through) in chain)
            {
                foreach (Entry entry in link.Entries.TakeWhile(entry => entry.Change.Sequence <= through))
                {
                    Span<byte> range = image.AsSpan((int)entry.Change.Offset, entry.Change.Length);
                    if (entry.Change.Kind == ChangeKind.Zero)
                    {
                        range.Clear();
                    }
                    else
                    {
                        entry.Content.CopyTo(range);
                    }
                }
            }

            return image;
        }

        private void Apply(ChangeBatch batch)
        {
            foreach (ref readonly Change change in batch.Changes)
            {
                byte[] content = change.Kind == ChangeKind.Data ? new byte[change.Length] : [];
                if (change.Kind == ChangeKind.Data && !batch.TryDecode(change, content))
                {
                    throw new AsrException(AsrErrorCode.BatchMalformed, "A content fails its hash.");
                }

                Epochs[^1].Entries.Add(new Entry(change, content));
                ContentBytes += content.Length;
                ChangeCount++;
            }

            Announce();
        }

        private void Announce()
        {
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
