using System;
using System.Runtime.InteropServices;
using Asr.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Asr.Agent.Capture.Bpf;

/// <summary>Turns what the kernel answers into descriptors and errors.</summary>
internal static class BpfObject
{
    /// <summary>The descriptor of an object just made.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.CaptureUnavailable"/>.</exception>
    public static SafeFileHandle Require(int result, string what) =>
        result >= 0 ? new SafeFileHandle(result, ownsHandle: true) : throw Refused(-result, what);

    /// <summary>Throws unless a call succeeded.</summary>
    public static void RequireSuccess(int result, string what)
    {
        if (result < 0)
        {
            throw Refused(-result, what);
        }
    }

    private static AsrException Refused(int error, string what) => new(
        AsrErrorCode.CaptureUnavailable,
        $"The kernel refused {what}: {Marshal.GetPInvokeErrorMessage(error)} (error {error}).",
        error is BpfCalls.NotPermitted or BpfCalls.AccessDenied
            ? "Run the agent as root, with CAP_BPF and CAP_PERFMON, and see that the kernel's lockdown allows BPF."
            : "Use Linux 5.15 or newer with BPF and type information; until then the disk is compared by hash.");
}
