using System;
using System.IO;
using System.Management.Automation;
using System.Text;

namespace Microsoft.PowerShell.Commands;

/// <summary>Text files as PowerShell 7 reads and writes them: UTF-8 without a byte order mark by default.</summary>
internal static class FileText
{
    public const string DefaultEncodingName = "utf8NoBOM";

    public static Encoding ResolveEncoding(string name) => name.ToLowerInvariant() switch
    {
        "utf8" or "utf-8" or "utf8nobom" or "default" => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        "utf8bom" => new UTF8Encoding(encoderShouldEmitUTF8Identifier: true),
        "ascii" => Encoding.ASCII,
        "unicode" => Encoding.Unicode,
        "bigendianunicode" => Encoding.BigEndianUnicode,
        "latin1" => Encoding.Latin1,
        _ => Encoding.GetEncoding(name),
    };

    /// <summary>Writes or appends; a failure of the file system becomes the command's terminating error.</summary>
    public static void Write(PSCmdlet command, string path, string text, Encoding encoding, bool append)
    {
        try
        {
            if (append)
            {
                File.AppendAllText(path, text, encoding);
            }
            else
            {
                File.WriteAllText(path, text, encoding);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            command.ThrowTerminatingError(new ErrorRecord(error, "FileOpenFailure", ErrorCategory.OpenError, path));
        }
    }
}
