using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Oracle.Tests.Bugs;

namespace Asr.Oracle.Tests.Harness;

/// <summary>
/// The source disk as one life of an agent sees it. After <see cref="Kill"/> nothing that life does reaches the disk any more, as after kill -9; the disk
/// itself lives on. A write under way at that moment is applied whole or not at all. Disposing it leaves the disk open.
/// </summary>
internal sealed class MortalDevice(IBlockDevice disk) : BlockDeviceDecorator(disk)
{
    private readonly ReaderWriterLockSlim _lifeLock = new();
    private bool _dead;

    public void Kill()
    {
        _lifeLock.EnterWriteLock();
        _dead = true;
        _lifeLock.ExitWriteLock();
    }

    public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        WhileAlive(() => Inner.ReadAsync(offset, buffer, cancellationToken));

    public override ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        WhileAlive(() => Inner.WriteAsync(offset, buffer, cancellationToken));

    public override ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) =>
        WhileAlive(() => Inner.ZeroAsync(offset, length, punchHole, cancellationToken));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Memory disks answer synchronously, so holding the lock over the call is what makes death a single moment.
    private ValueTask WhileAlive(Func<ValueTask> request)
    {
        _lifeLock.EnterReadLock();
        try
        {
            return _dead
                ? throw new AsrException(AsrErrorCode.DiskUnreadable, "The agent of this life is dead.")
                : request();
        }
        finally
        {
            _lifeLock.ExitReadLock();
        }
    }
}
