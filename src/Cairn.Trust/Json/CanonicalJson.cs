namespace Cairn.Trust.Json;

/// <summary>Writes JSON as RFC 8785 (JCS) has it: members sorted by UTF-16 code units, no blanks, as few escapes as there can be. Equal values have equal bytes.</summary>
public static class CanonicalJson
{
    private const int BytesAtFirst = 4096;

    /// <summary>The bytes of a value.</summary>
    public static byte[] Write(JsonValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new CanonicalWriter(BytesAtFirst).Value(value).Written.ToArray();
    }
}
