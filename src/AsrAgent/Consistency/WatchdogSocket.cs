using System;
using System.Runtime.InteropServices;

namespace Asr.Agent.Consistency;

/// <summary>What agent and watchdog tell each other.</summary>
internal enum WatchdogMessageKind
{
    /// <summary>From the watchdog, once: it has done everything it may ever have to do, and what that needs is in memory. The value is the version of these messages.</summary>
    Ready = 1,

    /// <summary>To the watchdog, with descriptors: they may be frozen from now on; thaw them after so many microseconds.</summary>
    Arm = 2,

    /// <summary>The answer.</summary>
    Armed = 3,

    /// <summary>To the watchdog: nothing is frozen any more.</summary>
    Disarm = 4,

    /// <summary>The answer; the value says how many file systems the watchdog had to thaw.</summary>
    Disarmed = 5,
}

/// <summary>One message.</summary>
internal readonly record struct WatchdogMessage(WatchdogMessageKind Kind, long Value = 0);

/// <summary>What became of a wait for a message.</summary>
internal enum WatchdogReception
{
    /// <summary>There is one.</summary>
    Message,

    /// <summary>There was none in time.</summary>
    TimedOut,

    /// <summary>The other process is gone.</summary>
    Closed,
}

/// <summary>
/// One end of the pair of sockets between agent and watchdog. Whole messages, with descriptors where needed; the system closes an end with its process, however that ends. Not
/// thread-safe. Nothing here allocates once it has run.
/// </summary>
internal sealed unsafe partial class WatchdogSocket : IDisposable
{
    /// <summary>Descriptors of one message at most; the kernel's bound is 253.</summary>
    public const int DescriptorsMax = 250;

    private const int MessageBytes = 16;
    private const int ControlHeaderBytes = 16;

    private const int FamilyUnix = 1;
    private const int TypeSequencedPackets = 5;
    private const int CloseOnExec = 0x80000;
    private const int LevelSocket = 1;
    private const int PassDescriptors = 1;
    private const int NoSignal = 0x4000;
    private const int CloseReceivedOnExec = 0x40000000;
    private const int Truncated = 0x28;
    private const short PollIn = 1;
    private const int SetDescriptorFlags = 2;

    private int _descriptor;

    private WatchdogSocket(int descriptor) => _descriptor = descriptor;

    /// <summary>The number of this end.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Takes over an end that this process was started with.</summary>
    public static WatchdogSocket Adopt(int descriptor)
    {
        _ = Fcntl(descriptor, SetDescriptorFlags, 1);
        return new WatchdogSocket(descriptor);
    }

    /// <summary>Makes both ends; null when the system has no more descriptors.</summary>
    public static (WatchdogSocket Near, WatchdogSocket Far)? TryCreatePair()
    {
        int* ends = stackalloc int[2];
        return SocketPair(FamilyUnix, TypeSequencedPackets | CloseOnExec, 0, ends) == 0 ? (new WatchdogSocket(ends[0]), new WatchdogSocket(ends[1])) : null;
    }

    /// <summary>Lets the processes that are started from now on have this end; to be disposed right after the one it is for was started.</summary>
    public void Bequeath() => _ = Fcntl(_descriptor, SetDescriptorFlags, 0);

    /// <summary>Sends a message; false when the other process is gone.</summary>
    public bool TrySend(WatchdogMessage message, ReadOnlySpan<int> descriptors = default)
    {
        long* content = stackalloc long[2] { (long)message.Kind, message.Value };
        byte* control = stackalloc byte[ControlBytes(DescriptorsMax)];
        IoVector vector = new() { Base = content, Length = MessageBytes };
        MessageHeader header = new() { Vectors = &vector, VectorCount = 1 };
        if (!descriptors.IsEmpty)
        {
            *(nuint*)control = (nuint)(ControlHeaderBytes + (descriptors.Length * sizeof(int)));
            ((int*)control)[2] = LevelSocket;
            ((int*)control)[3] = PassDescriptors;
            descriptors.CopyTo(new Span<int>(control + ControlHeaderBytes, DescriptorsMax));
            header.Control = control;
            header.ControlBytes = (nuint)ControlBytes(descriptors.Length);
        }

        nint sent;
        do
        {
            sent = SendMessage(_descriptor, &header, NoSignal);
        }
        while (sent < 0 && Marshal.GetLastPInvokeError() == FreezeCalls.Interrupted);

        return sent == MessageBytes;
    }

    /// <summary>Waits for a message; what is not of the form counts as the end of the other process.</summary>
    /// <param name="timeoutMs">Milliseconds, or -1 for ever.</param>
    /// <param name="message">The message.</param>
    /// <param name="descriptors">Takes the descriptors that come with it, which the caller closes; room for <see cref="DescriptorsMax"/>, or empty where none are expected.</param>
    /// <param name="count">How many there are.</param>
    public WatchdogReception Receive(int timeoutMs, out WatchdogMessage message, Span<int> descriptors, out int count)
    {
        message = default;
        count = 0;
        PollEntry entry = new() { Descriptor = _descriptor, Events = PollIn };
        int ready = Poll(&entry, 1, timeoutMs);
        if (ready == 0 || (ready < 0 && Marshal.GetLastPInvokeError() == FreezeCalls.Interrupted))
        {
            // An interrupted wait is a short one: whoever waits looks at the clock.
            return WatchdogReception.TimedOut;
        }

        long* content = stackalloc long[2];
        byte* control = stackalloc byte[ControlBytes(DescriptorsMax)];
        IoVector vector = new() { Base = content, Length = MessageBytes };
        MessageHeader header = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlBytes = descriptors.IsEmpty ? 0 : (nuint)ControlBytes(DescriptorsMax) };
        nint received = ReceiveMessage(_descriptor, &header, CloseReceivedOnExec);
        if (received != MessageBytes || (header.Flags & Truncated) != 0)
        {
            return WatchdogReception.Closed;
        }

        if (header.ControlBytes > ControlHeaderBytes && ((int*)control)[2] == LevelSocket && ((int*)control)[3] == PassDescriptors)
        {
            count = (int)((*(nuint*)control - ControlHeaderBytes) / sizeof(int));
            new ReadOnlySpan<int>(control + ControlHeaderBytes, count).CopyTo(descriptors);
        }

        message = new WatchdogMessage((WatchdogMessageKind)content[0], content[1]);
        return WatchdogReception.Message;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = FreezeCalls.Close(_descriptor);
            _descriptor = -1;
        }
    }

    private static int ControlBytes(int descriptors) => ControlHeaderBytes + (((descriptors * sizeof(int)) + 7) & ~7);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int family, int type, int protocol, int* ends);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public void* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public void* Name;
        public uint NameBytes;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlBytes;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
