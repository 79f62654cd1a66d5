using System;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using Asr.Agent.State;

namespace Asr.Agent.Appliance;

/// <summary>The certificate the agent shows, exchangeable while connections are open: those keep the old one, new ones show the new one. Safe for concurrent callers.</summary>
internal sealed class AgentCredentials(AgentIdentity identity) : IDisposable
{
    private readonly Lock _gate = new();
    private X509Certificate2? _certificate;
    private X509Certificate2? _previous;

    /// <summary>The identity in use.</summary>
    public AgentIdentity Identity { get; private set; } = identity;

    /// <summary>The certificate with its key; stays this object's.</summary>
    public X509Certificate2 Certificate
    {
        get
        {
            lock (_gate)
            {
                return _certificate ??= Identity.OpenCertificate();
            }
        }
    }

    /// <summary>Shows another certificate from now on.</summary>
    public void Replace(AgentIdentity identity)
    {
        lock (_gate)
        {
            // A handshake may hold the present one still; by the next renewal, months later, none holds the one before it.
            _previous?.Dispose();
            _previous = _certificate;
            _certificate = null;
            Identity = identity;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _previous?.Dispose();
            _certificate?.Dispose();
        }
    }
}
