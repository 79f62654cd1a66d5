using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Asr.Agent.Hosting;

/// <summary>
/// One kind of exchange with the appliance, tried until it succeeds: an absent or refusing appliance is waited for with growing, jittered pauses, so that
/// many agents do not come back at one instant. Logs the first failure of a row and its end, not every try. One caller at a time; the last error may be read by any.
/// </summary>
internal sealed class ApplianceExchange
{
    private static readonly TimeSpan PauseFirst = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);

    private readonly string _name;
    private readonly ILogger _logger;
    private readonly ResiliencePipeline _pipeline;
    private AsrError? _lastError;
    private int _failures;

    /// <summary>Describes the exchange.</summary>
    public ApplianceExchange(string name, TimeProvider time, ILogger logger)
    {
        _name = name;
        _logger = logger;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<Exception>(error => error is not OperationCanceledException),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = PauseFirst,
                MaxDelay = PauseMax,
                OnRetry = failed =>
                {
                    OnFailure(failed.Outcome.Exception!);
                    return default;
                },
            })
            .Build();
    }

    /// <summary>Why the last try failed; null when it succeeded.</summary>
    public AsrError? LastError => Volatile.Read(ref _lastError);

    /// <summary>Tries until it succeeds; ends early only with <see cref="OperationCanceledException"/>.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> exchange, CancellationToken cancellationToken)
    {
        T answer = await _pipeline.ExecuteAsync(
            static async (state, token) => await state(token).ConfigureAwait(false), exchange, cancellationToken).ConfigureAwait(false);
        if (_failures > 0)
        {
            _logger.ExchangeRestored(_name, _failures);
            _failures = 0;
        }

        Volatile.Write(ref _lastError, null);
        return answer;
    }

    private void OnFailure(Exception error)
    {
        AsrError told = AsrError.From(error);
        bool isNews = _lastError?.Code != told.Code;
        _failures++;
        Volatile.Write(ref _lastError, told);
        if (error is not AsrException)
        {
            _logger.ExchangeFaulted(_name, error);
        }
        else if (isNews)
        {
            _logger.ExchangeFailed(_name, told.Code, told.Message);
        }
    }
}
