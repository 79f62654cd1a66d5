using System.ComponentModel;

namespace System.Runtime.CompilerServices;

/// <summary>Lets netstandard2.0 compile init-only members and records; the compiler looks it up by name.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
internal static class IsExternalInit;
