using System.Buffers.Text;
using System.Text;

namespace Cairn.Execution.Redaction;

/// <summary>The spellings in which a secret turns up in logs.</summary>
internal static class SecretForms
{
    private const string Unreserved = "-._~";
    private const string UnreservedInScripts = "-._~!'()*";

    /// <summary>Adds every form of a secret: itself, its lines, base64 and percent-encoding of both.</summary>
    public static void Add(string secret, List<byte[]> forms)
    {
        AddEncoded(Encoding.UTF8.GetBytes(secret), forms);
        if (secret.AsSpan().IndexOfAny('\n', '\r') < 0)
        {
            return;
        }

        foreach (var line in secret.AsSpan().EnumerateLines())
        {
            AddEncoded(Encoding.UTF8.GetBytes(line.Trim().ToString()), forms);
        }
    }

    private static void AddEncoded(byte[] bytes, List<byte[]> forms)
    {
        if (bytes.Length < ExecutionLimits.SecretBytesMin)
        {
            return;
        }

        forms.Add(bytes);
        for (var before = 0; before < 3; before++)
        {
            AddBase64(bytes, before, forms);
        }

        if (NeedsPercent(bytes))
        {
            forms.Add(Percent(bytes, Unreserved, "0123456789ABCDEF"u8, plusForSpace: false));
            forms.Add(Percent(bytes, Unreserved, "0123456789abcdef"u8, plusForSpace: false));
            forms.Add(Percent(bytes, UnreservedInScripts, "0123456789ABCDEF"u8, plusForSpace: false));
            forms.Add(Percent(bytes, Unreserved, "0123456789ABCDEF"u8, plusForSpace: true));
        }
    }

    /// <summary>
    /// The digits that the secret alone decides when <paramref name="before"/> bytes of a group of three precede it:
    /// a digit that also carries bits of a neighbour is left out at either end. Where nothing follows, or the newline that shells add,
    /// the last digits are known too.
    /// </summary>
    private static void AddBase64(byte[] bytes, int before, List<byte[]> forms)
    {
        var first = ((before * 8) + 5) / 6;
        var whole = (before + bytes.Length) * 8 / 6;
        var alone = Digits(before, bytes, []);
        AddDigits(alone[first..whole], forms);
        AddDigits(alone[first..], forms);
        AddDigits(Digits(before, bytes, "\n"u8)[first..], forms);
    }

    private static byte[] Digits(int before, byte[] bytes, ReadOnlySpan<byte> after)
    {
        byte[] padded = [.. new byte[before], .. bytes, .. after];
        var digits = new byte[Base64.GetMaxEncodedToUtf8Length(padded.Length)];
        _ = Base64.EncodeToUtf8(padded, digits, out _, out var written);
        return digits[..written];
    }

    private static void AddDigits(byte[] standard, List<byte[]> forms)
    {
        forms.Add(standard);
        if (standard.AsSpan().IndexOfAny((byte)'+', (byte)'/') >= 0)
        {
            var url = (byte[])standard.Clone();
            url.AsSpan().Replace((byte)'+', (byte)'-');
            url.AsSpan().Replace((byte)'/', (byte)'_');
            forms.Add(url);
        }
    }

    private static bool NeedsPercent(byte[] bytes)
    {
        foreach (var b in bytes)
        {
            if (!IsPlain(b, Unreserved))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Percent(byte[] bytes, string plain, ReadOnlySpan<byte> hex, bool plusForSpace)
    {
        var result = new List<byte>(bytes.Length * 3);
        foreach (var b in bytes)
        {
            if (IsPlain(b, plain))
            {
                result.Add(b);
            }
            else if (plusForSpace && b == ' ')
            {
                result.Add((byte)'+');
            }
            else
            {
                result.Add((byte)'%');
                result.Add(hex[b >> 4]);
                result.Add(hex[b & 15]);
            }
        }

        return [.. result];
    }

    private static bool IsPlain(byte b, string plain) => char.IsAsciiLetterOrDigit((char)b) || plain.Contains((char)b, StringComparison.Ordinal);
}
