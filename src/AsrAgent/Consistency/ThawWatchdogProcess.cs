using System;
using System.Diagnostics;
using System.IO;
using System.Threading;

namespace Asr.Agent.Consistency;

/// <summary>
/// The watchdog itself: a process that thaws file systems when the agent does not in time, or at once when the agent is gone. It must work while the file system of the root
/// folder is frozen, so nothing that it does once armed may write to a file or wait for one: before it calls itself ready it has gone through a rehearsal of everything, and what that
/// touched stays in memory.
/// </summary>
internal sealed class ThawWatchdogProcess
{
    /// <summary>Version of the messages; an agent and a watchdog of two versions do not go together.</summary>
    public const long Version = 1;

    private const int StackBytes = 128 << 10;
    private const int PauseMsMax = 50;

    private readonly WatchdogSocket _socket;
    private readonly int[] _descriptors = new int[WatchdogSocket.DescriptorsMax];

    private ThawWatchdogProcess(WatchdogSocket socket) => _socket = socket;

    /// <summary>Serves the agent at the other end of a socket until it is gone.</summary>
    public static void Run(int socket)
    {
        OutliveTheAgent();
        using WatchdogSocket agent = WatchdogSocket.Adopt(socket);
        Rehearse();
        _ = FreezeCalls.TryLockMemory();
        if (agent.TrySend(new WatchdogMessage(WatchdogMessageKind.Ready, Version)))
        {
            new ThawWatchdogProcess(agent).Serve();
        }
    }

    // What ends the agent's whole group (Ctrl-C, the stop of a service, memory running out) must not end the watchdog first.
    private static void OutliveTheAgent()
    {
        _ = FreezeCalls.LeaveSession();
        ReadOnlySpan<int> hangUpInterruptQuitTerminate = [1, 2, 3, 15];
        foreach (int signal in hangUpInterruptQuitTerminate)
        {
            _ = FreezeCalls.SetSignal(signal, 1);
        }

        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "-1000");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Only root may; then the kernel may choose it, as any other process.
        }
    }

    // A whole guard, overdue and dismissed, on descriptors that cannot be thawed.
    private static void Rehearse()
    {
        if (WatchdogSocket.TryCreatePair() is not { } pair)
        {
            return;
        }

        using WatchdogSocket near = pair.Near;
        using WatchdogSocket far = pair.Far;
        ThawWatchdogProcess understudy = new(far);
        Thread serving = new(understudy.Serve, StackBytes);
        serving.Start();
        _ = near.TrySend(new WatchdogMessage(WatchdogMessageKind.Arm, 1000), [near.Descriptor, far.Descriptor]);
        _ = near.Receive(1000, out _, [], out _);
        Thread.Sleep(10);
        _ = near.TrySend(new WatchdogMessage(WatchdogMessageKind.Disarm));
        _ = near.Receive(1000, out _, [], out _);
        near.Dispose();
        serving.Join();
    }

    private void Serve()
    {
        while (true)
        {
            switch (_socket.Receive(-1, out WatchdogMessage message, _descriptors, out int count))
            {
                case WatchdogReception.Closed:
                    return;
                case WatchdogReception.Message when message.Kind == WatchdogMessageKind.Arm:
                    bool isAgentThere = Guard(_descriptors.AsSpan(0, count), message.Value);
                    foreach (int descriptor in _descriptors.AsSpan(0, count))
                    {
                        _ = FreezeCalls.Close(descriptor);
                    }

                    if (!isAgentThere)
                    {
                        return;
                    }

                    break;
            }
        }
    }

    // False when the agent is gone.
    private bool Guard(ReadOnlySpan<int> descriptors, long budgetMicroseconds)
    {
        long start = Stopwatch.GetTimestamp();
        Watch watch = new();
        Thread[] threads = new Thread[descriptors.Length];
        for (int i = 0; i < threads.Length; i++)
        {
            // A thread for each: to thaw one that stands on another may need that other thawed before.
            int descriptor = descriptors[i];
            threads[i] = new Thread(() => watch.ThawWhenDue(descriptor), StackBytes);
            threads[i].Start();
        }

        bool isAgentThere = _socket.TrySend(new WatchdogMessage(WatchdogMessageKind.Armed));
        while (isAgentThere)
        {
            long leftMicroseconds = budgetMicroseconds - (long)Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            if (leftMicroseconds <= 0)
            {
                watch.FallDue();
            }

            int waitMs = leftMicroseconds <= 0 ? -1 : (int)Math.Min(int.MaxValue, (leftMicroseconds + 999) / 1000);
            WatchdogReception reception = _socket.Receive(waitMs, out WatchdogMessage message, [], out _);
            if (reception == WatchdogReception.Message && message.Kind == WatchdogMessageKind.Disarm)
            {
                watch.Dismiss();
                break;
            }

            isAgentThere = reception != WatchdogReception.Closed;
        }

        if (!isAgentThere)
        {
            watch.NoteAgentGone();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return isAgentThere && _socket.TrySend(new WatchdogMessage(WatchdogMessageKind.Disarmed, watch.Thawed));
    }

    /// <summary>What the threads of one guard share.</summary>
    private sealed class Watch
    {
        private readonly ManualResetEvent _due = new(false);
        private volatile bool _isDismissed;
        private volatile bool _isAgentGone;
        private int _thawed;

        public int Thawed => Volatile.Read(ref _thawed);

        public void FallDue() => _due.Set();

        /// <summary>The agent has thawed what it froze.</summary>
        public void Dismiss()
        {
            _isDismissed = true;
            _due.Set();
        }

        public void NoteAgentGone()
        {
            _isAgentGone = true;
            _due.Set();
        }

        public void ThawWhenDue(int descriptor)
        {
            _due.WaitOne();
            for (int pauseMs = 1; !_isDismissed; pauseMs = Math.Min(PauseMsMax, pauseMs * 2))
            {
                // Looked at before the attempt: once the agent is gone, all its threads are, and what is not frozen then will not be.
                bool isLast = _isAgentGone;
                if (FreezeCalls.Thaw(descriptor) == 0)
                {
                    Interlocked.Increment(ref _thawed);
                    return;
                }

                if (isLast)
                {
                    return;
                }

                // Not frozen yet, or half: an agent that was stopped in the middle may freeze it still.
                Thread.Sleep(pauseMs);
            }
        }
    }
}
