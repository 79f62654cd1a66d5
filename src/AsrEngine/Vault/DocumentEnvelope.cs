using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Asr.Engine.Vault;

/// <summary>
/// A document's file: one line of ASCII, <c>asr-document 1 VERSION-CHECKSUM</c>, then the JSON as it is, so that people can read it.
/// The checksum is XXH3-128 over name, version and content: a damaged file, or one under another's name, is not taken for a document.
/// </summary>
internal static class DocumentEnvelope
{
    private const string Magic = "asr-document 1 ";
    private const int ChecksumCharacters = 32;

    // "asr-document 1 ", up to 20 digits, a hyphen, the checksum, a line feed.
    private const int HeaderBytesMax = 15 + 20 + 1 + ChecksumCharacters + 1;

    /// <summary>The file's bytes.</summary>
    public static byte[] Wrap(string collection, string id, long version, ReadOnlySpan<byte> content)
    {
        byte[] header = Encoding.ASCII.GetBytes($"{Magic}{ETag(collection, id, version, content)}\n");
        byte[] file = new byte[header.Length + content.Length];
        header.CopyTo(file, 0);
        content.CopyTo(file.AsSpan(header.Length));
        return file;
    }

    /// <summary>Version and checksum as in the header; what callers get as the ETag.</summary>
    public static string ETag(string collection, string id, long version, ReadOnlySpan<byte> content) =>
        string.Create(CultureInfo.InvariantCulture, $"{version}-{Checksum(collection, id, version, content):x32}");

    /// <summary>Takes a file apart; false when it is not what <see cref="Wrap"/> made for this document.</summary>
    public static bool TryUnwrap(string collection, string id, ReadOnlyMemory<byte> file, out long version, out CatalogDocument document)
    {
        version = 0;
        document = null!;
        ReadOnlySpan<byte> bytes = file.Span;
        int lineEnd = bytes[..Math.Min(bytes.Length, HeaderBytesMax)].IndexOf((byte)'\n');
        if (lineEnd < 0 || !Ascii.IsValid(bytes[..lineEnd]))
        {
            return false;
        }

        string line = Encoding.ASCII.GetString(bytes[..lineEnd]);
        int dash = line.LastIndexOf('-');
        if (!line.StartsWith(Magic, StringComparison.Ordinal)
            || dash < Magic.Length
            || !long.TryParse(line.AsSpan(Magic.Length, dash - Magic.Length), NumberStyles.None, CultureInfo.InvariantCulture, out version))
        {
            return false;
        }

        ReadOnlyMemory<byte> content = file[(lineEnd + 1)..];
        string etag = ETag(collection, id, version, content.Span);

        // Compared as text: a flipped letter case or a leading zero is damage like any other.
        if (!line.AsSpan(Magic.Length).SequenceEqual(etag))
        {
            return false;
        }

        document = new CatalogDocument(id, etag, content);
        return true;
    }

    private static UInt128 Checksum(string collection, string id, long version, ReadOnlySpan<byte> content)
    {
        XxHash128 hash = new();
        hash.Append(Encoding.UTF8.GetBytes($"{collection}/{id}\n"));
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, version);
        hash.Append(number);
        hash.Append(content);
        return hash.GetCurrentHashAsUInt128();
    }
}
