using System;

namespace Asr.Contracts;

/// <summary>Something a person may want to know later. Kept in the vault.</summary>
public sealed record AsrEvent
{
    /// <summary>Unique id.</summary>
    public Guid Id { get; init; }

    /// <summary>When it happened, by the appliance's clock.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>How bad it is.</summary>
    public EventSeverity Severity { get; init; }

    /// <summary>Stable name of the kind of event, e.g. RpoExceeded, ResynchronizationStarted, JobFailed.</summary>
    public string Code { get; init; } = "";

    /// <summary>What happened, in one sentence.</summary>
    public string Message { get; init; } = "";

    /// <summary>What to do, or null.</summary>
    public string? Action { get; init; }

    /// <summary>The machine concerned, or null.</summary>
    public Guid? MachineId { get; init; }

    /// <summary>Its name, or null.</summary>
    public string? MachineName { get; init; }
}

/// <summary>How bad an event or a health error is.</summary>
public enum EventSeverity
{
    /// <summary>All well.</summary>
    Normal = 0,

    /// <summary>Worth a look.</summary>
    Warning = 1,

    /// <summary>Protection is at risk.</summary>
    Critical = 2,
}

/// <summary>Something that is wrong with a machine now; gone once it is mended.</summary>
public sealed record HealthError
{
    /// <summary>Stable name, the same as the code of the event that announced it.</summary>
    public string Code { get; init; } = "";

    /// <summary>How bad it is.</summary>
    public EventSeverity Severity { get; init; }

    /// <summary>What is wrong.</summary>
    public string Message { get; init; } = "";

    /// <summary>What to do, or null.</summary>
    public string? Action { get; init; }

    /// <summary>Since when.</summary>
    public DateTimeOffset Since { get; init; }
}
