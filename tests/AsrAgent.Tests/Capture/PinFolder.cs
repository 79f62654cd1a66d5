using System;
using System.IO;
using Asr.Agent.Capture.Bpf;

namespace Asr.Agent.Tests.Capture;

/// <summary>A folder under bpffs for the tracker of one test; what is pinned there ends with it.</summary>
internal sealed class PinFolder : IDisposable
{
    public PinFolder() => Path = System.IO.Path.Combine(BpfFileSystem.Require(), "asr-test-" + Guid.NewGuid().ToString("N"));

    public string Path { get; }

    public void Dispose() => PinnedTracker.Remove(Path);
}
