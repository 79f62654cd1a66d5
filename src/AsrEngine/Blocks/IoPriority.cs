using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace Asr.Engine.Blocks;

/// <summary>
/// Lets reads of a disk stand back behind those of the workload, where the disk's scheduler knows priorities. It flows with the call: what is read within <see cref="Use"/> is read so, on
/// whichever thread. Never for reads that the workload may have to wait for.
/// </summary>
internal static class IoPriority
{
    private static readonly AsyncLocal<IoClass> Current = new();

    /// <summary>Reads within the result's life are of this class.</summary>
    public static Scope Use(IoClass ioClass)
    {
        IoClass before = Current.Value;
        Current.Value = ioClass;
        return new Scope(before);
    }

    /// <summary>Runs a read on this thread in the class that is in use. The thread goes back to its own afterwards: it may be a pool's.</summary>
    public static void Run<TState>(TState state, Action<TState> read)
    {
        IoClass ioClass = Current.Value;

        // A system that refuses reads as usual: the class is a courtesy.
        if (ioClass == IoClass.Usual || !LibC.TrySetThreadIoPriority((int)ioClass))
        {
            read(state);
            return;
        }

        try
        {
            read(state);
        }
        finally
        {
            LibC.TrySetThreadIoPriority((int)IoClass.Usual);
        }
    }

    /// <summary>Ends the use.</summary>
    internal readonly struct Scope(IoClass before) : IDisposable
    {
        public void Dispose() => Current.Value = before;
    }
}

/// <summary>Class and level as ioprio_set takes them: class in the upper bits from 13 on, level below.</summary>
internal enum IoClass
{
    /// <summary>As the thread's niceness has it.</summary>
    Usual = 0,

    /// <summary>The last of the ordinary level: stands back, but gets its share.</summary>
    Low = (2 << 13) | 7,

    /// <summary>Only when no one else wants the disk.</summary>
    Idle = 3 << 13,
}
