using System;
using System.Collections.Generic;
using System.Threading;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <summary>Lets one moment of rest begin when the one before has ended, whoever asks. Thread-safe.</summary>
internal sealed class SerialQuiescence(IQuiescence inner) : IQuiescence
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <inheritdoc/>
    public void WriteBack(IReadOnlyList<string> devicePaths) => inner.WriteBack(devicePaths);

    /// <inheritdoc/>
    public IQuietMoment Begin(IReadOnlyList<string> devicePaths, TimeSpan budget)
    {
        _turn.Wait();
        try
        {
            return new Moment(inner.Begin(devicePaths, budget), _turn);
        }
        catch
        {
            _turn.Release();
            throw;
        }
    }

    private sealed class Moment(IQuietMoment inner, SemaphoreSlim turn) : IQuietMoment
    {
        private bool _isDisposed;

        public DateTimeOffset Since => inner.Since;

        public IReadOnlyList<string> FileSystems => inner.FileSystems;

        public IReadOnlyList<string> Unfreezable => inner.Unfreezable;

        public bool Covers(string devicePath) => inner.Covers(devicePath);

        public bool End() => inner.End();

        public void Dispose()
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                inner.Dispose();
                turn.Release();
            }
        }
    }
}
