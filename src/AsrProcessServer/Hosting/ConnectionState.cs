namespace Asr.ProcessServer.Hosting;

/// <summary>
/// What is known about one connection, kept with it as a Kestrel connection feature: the port it came in by, which unlike the Host header its peer cannot choose,
/// and the caller, so that a certificate is checked against the authority once per connection and not once per request.
/// </summary>
internal sealed class ConnectionState(Listener listener)
{
    /// <summary>The port.</summary>
    public Listener Listener { get; } = listener;

    /// <summary>The caller once identified. Requests of one HTTP/2 connection may race to set it; they set equal values.</summary>
    public Caller? Caller { get; set; }
}
