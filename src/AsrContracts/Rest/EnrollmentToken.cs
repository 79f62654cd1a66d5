using System;
using System.Text;
using System.Text.Json;

namespace Asr.Contracts;

/// <summary>
/// What an enrollment token's text holds: base64url of the JSON of this record. The secret proves the right to enroll, the
/// fingerprint tells the right appliance from a wrong one before the secret is sent. Treat the text like a password.
/// </summary>
public sealed record EnrollmentToken
{
    /// <summary>The version this software writes and reads.</summary>
    public const int VersionCurrent = 1;

    /// <summary>Characters of a token's text at most; a longer one is refused unread.</summary>
    public const int TextCharsMax = 1024;

    private const int SecretBytesMin = 16;
    private const int FingerprintChars = 64;

    /// <summary>Version of this layout.</summary>
    public int V { get; init; } = VersionCurrent;

    /// <summary>Under which the appliance keeps the token.</summary>
    public Guid Id { get; init; }

    /// <summary>Random bytes, at least 16, base64.</summary>
    public byte[] Secret { get; init; } = Array.Empty<byte>();

    /// <summary>SHA-256 of the authority's certificate (DER), upper-case hex.</summary>
    public string Authority { get; init; } = "";

    /// <summary>The text a person carries from appliance to machine.</summary>
    public string Encode() => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(this, AsrJson.Options))
        .TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>
    /// Reads a token's text; white space around it is allowed. Throws <see cref="AsrErrorCode.TokenInvalid"/> when it is not one. The message never quotes the text.
    /// </summary>
    public static EnrollmentToken Parse(string text)
    {
        string trimmed = (text ?? throw new ArgumentNullException(nameof(text))).Trim();
        if (trimmed.Length is 0 or > TextCharsMax)
        {
            throw Invalid($"has {trimmed.Length} characters, of 1 to {TextCharsMax}");
        }

        EnrollmentToken? token;
        try
        {
            string base64 = trimmed.Replace('-', '+').Replace('_', '/');
            byte[] json = Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='));
            token = Read(json);
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            throw Invalid("is cut off or not a token at all", error);
        }

        if (token is null || token.V < 1)
        {
            throw Invalid("is not a token at all");
        }

        if (token.V > VersionCurrent)
        {
            throw Invalid($"is of version {token.V}; this software reads up to {VersionCurrent}");
        }

        if (token.Id == Guid.Empty || token.Secret is null || token.Secret.Length < SecretBytesMin || !IsFingerprint(token.Authority))
        {
            throw Invalid("lacks its id, its secret or the authority's fingerprint");
        }

        return token;
    }

    /// <summary>The id only: a record's own text would put the secret into logs.</summary>
    public override string ToString() => $"enrollment token {Id}";

    // By hand: an agent that is compiled ahead of time has no reflection to do it with.
    private static EnrollmentToken? Read(byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return new EnrollmentToken
        {
            V = root.TryGetProperty("v", out JsonElement version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int number) ? number : 0,
            Id = root.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String && id.TryGetGuid(out Guid known) ? known : Guid.Empty,
            Secret = root.TryGetProperty("secret", out JsonElement secret) && secret.ValueKind == JsonValueKind.String && secret.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : Array.Empty<byte>(),
            Authority = root.TryGetProperty("authority", out JsonElement authority) && authority.ValueKind == JsonValueKind.String ? authority.GetString()! : "",
        };
    }

    private static bool IsFingerprint(string? text)
    {
        if (text is null || text.Length != FingerprintChars)
        {
            return false;
        }

        foreach (char c in text)
        {
            if (c is not ((>= '0' and <= '9') or (>= 'A' and <= 'F')))
            {
                return false;
            }
        }

        return true;
    }

    private static AsrException Invalid(string what, Exception? inner = null) => new(
        AsrErrorCode.TokenInvalid,
        $"The enrollment token {what}.",
        "Make a new token and copy its whole text.",
        inner: inner);
}
