using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>
/// Limits failed attempts per address within a window that begins with the first failure. Successes are not counted: a script that connects often is
/// no attack. Memory is bounded; when it is full of live entries, unknown addresses are refused rather than forgotten ones let in. Safe for concurrent callers.
/// </summary>
internal sealed class FailedAttempts(TimeProvider time)
{
    /// <summary>Failures allowed per address and <see cref="Window"/>.</summary>
    public const int CountMax = 10;

    /// <summary>Time after which an address begins anew.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const int AddressesMax = 4_096;
    private const int Ipv6PrefixBytes = 8;
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Failures> _failures = [];

    /// <summary>Throws <see cref="AsrErrorCode.TooManyAttempts"/> when the address has used its attempts up.</summary>
    public void Demand(IPAddress? address)
    {
        lock (_lock)
        {
            RemoveEnded();
            bool refused = _failures.TryGetValue(KeyOf(address), out Failures failures) ? failures.Count >= CountMax : _failures.Count >= AddressesMax;
            if (refused)
            {
                throw new AsrException(AsrErrorCode.TooManyAttempts, $"There were too many failed attempts from {address}.",
                    $"Wait up to {Window.TotalMinutes:0} minutes and try again.");
            }
        }
    }

    /// <summary>Counts a failure and returns how many the address has now.</summary>
    public int Count(IPAddress? address)
    {
        lock (_lock)
        {
            IPAddress key = KeyOf(address);
            Failures failures = _failures.TryGetValue(key, out Failures known) ? known : new Failures(0, time.GetTimestamp());
            _failures[key] = failures with { Count = failures.Count + 1 };
            return failures.Count + 1;
        }
    }

    private void RemoveEnded()
    {
        foreach ((IPAddress address, Failures failures) in _failures)
        {
            // Removing while enumerating is allowed for Dictionary and keeps the enumeration valid.
            if (time.GetElapsedTime(failures.Since) >= Window)
            {
                _failures.Remove(address);
            }
        }
    }

    private static IPAddress KeyOf(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (plain.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(plain))
        {
            return plain;
        }

        // One site owns at least a /64: the rest of the address is free for a guesser to vary.
        byte[] bytes = plain.GetAddressBytes();
        Array.Clear(bytes, Ipv6PrefixBytes, bytes.Length - Ipv6PrefixBytes);
        return new IPAddress(bytes);
    }

    private readonly record struct Failures(int Count, long Since);
}
