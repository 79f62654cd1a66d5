using System;
using System.IO;
using System.Management.Automation;
using System.Reflection;
using Microsoft.PowerShell.Commands.Internal.Format;

namespace Microsoft.PowerShell.Commands;

/// <summary>
/// Reaches the formatting core of the engine. The engine contains all of it - views, tables, lists - but the commands
/// Format-Table, Format-List and Out-String that make use of it live in an assembly of PowerShell that is not
/// published as a package. Their base classes are public; only the parts set here are not.
/// </summary>
internal static class EngineFormatting
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
    private const string Namespace = "Microsoft.PowerShell.Commands.Internal.Format.";

    /// <summary>Makes <paramref name="command"/> shape objects as <c>Table</c>, <c>List</c> or <c>Wide</c>.</summary>
    public static void UseShape(FrontEndCommandBase command, string shape)
    {
        object shapeValue = Enum.Parse(EngineType("FormatShape"), shape);
        SetImplementation(command, Create("InnerFormatShapeCommand", shapeValue));
    }

    /// <summary>Makes <paramref name="command"/> write formatted text, <paramref name="columns"/> wide.</summary>
    public static void UseTextOutput(FrontEndCommandBase command, TextWriter writer, int columns)
    {
        object output = Create("OutCommandInner");
        PropertyInfo lineOutput = output.GetType().GetProperty("LineOutput", Hidden)!;
        lineOutput.SetValue(output, Create("TextWriterLineOutput", writer, columns));
        SetImplementation(command, output);
    }

    // The base class connects the implementation to the pipeline when the command begins.
    private static void SetImplementation(FrontEndCommandBase command, object implementation) =>
        typeof(FrontEndCommandBase).GetField("implementation", Hidden)!.SetValue(command, implementation);

    private static object Create(string typeName, params object[] arguments) =>
        Activator.CreateInstance(EngineType(typeName), Hidden, binder: null, arguments, culture: null)!;

    private static Type EngineType(string name) =>
        typeof(PSObject).Assembly.GetType(Namespace + name, throwOnError: true)!;
}
