using System;
using System.Management.Automation;

namespace Asr.Module.Identities;

/// <summary>
/// Turns what a person or a pipeline gives into an identity. PowerShell asks this first; the identity types have no public
/// constructors, so nothing else is converted by chance (for instance an object by way of its text).
/// </summary>
/// <typeparam name="T">The identity type.</typeparam>
public abstract class IdentityConverter<T> : PSTypeConverter where T : class
{
    /// <inheritdoc/>
    public override bool CanConvertFrom(object sourceValue, Type destinationType) => Convert(Unwrap(sourceValue)) is not null;

    /// <inheritdoc/>
    public override object ConvertFrom(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        Convert(Unwrap(sourceValue)) ?? throw new PSInvalidCastException($"'{sourceValue}' is not a name, an id or an object of the right kind.");

    /// <inheritdoc/>
    public override bool CanConvertTo(object sourceValue, Type destinationType) => false;

    /// <inheritdoc/>
    public override object ConvertTo(object sourceValue, Type destinationType, IFormatProvider formatProvider, bool ignoreCase) =>
        throw new PSInvalidCastException();

    /// <summary>The identity, or null when the value names none.</summary>
    protected abstract T? Convert(object value);

    private static object Unwrap(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
