using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cairn.Core.Toolchains;

/// <summary>A key of minisign.</summary>
/// <param name="Id">Its number, by which people and signatures name it: a hint, and no evidence.</param>
/// <param name="Key">The Ed25519 key.</param>
public sealed record MinisignKey(string Id, byte[] Key);

/// <summary>A signature of minisign.</summary>
/// <param name="KeyId">The number of the key, as it says.</param>
/// <param name="IsPrehashed">Whether the BLAKE2b hash of the file was signed, and not the file.</param>
/// <param name="Signature">The signature of the file.</param>
/// <param name="TrustedComment">A text that is signed together with the signature.</param>
/// <param name="GlobalSignature">The signature of signature and text.</param>
public sealed record MinisignSignature(string KeyId, bool IsPrehashed, byte[] Signature, string TrustedComment, byte[] GlobalSignature);

/// <summary>Reads the files of minisign.</summary>
public static class MinisignText
{
    private static readonly SearchValues<char> Base64Characters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");

    private const int KeyBytes = 42;
    private const int SignatureBytes = 74;
    private const int PureSignatureBytes = 64;
    private const string UntrustedPrefix = "untrusted comment:";
    private const string TrustedPrefix = "trusted comment: ";

    /// <summary>Whether a text is that of a key, without its comment.</summary>
    public static bool IsKey(string text) => TryReadKey(text, out _);

    /// <summary>Reads a key: its line of Base64, with or without the comment above it.</summary>
    public static bool TryReadKey(string text, [NotNullWhen(true)] out MinisignKey? key)
    {
        ArgumentNullException.ThrowIfNull(text);
        key = null;
        var lines = text.TrimEnd('\n', '\r').Split('\n');
        var line = (lines.Length == 2 && lines[0].StartsWith(UntrustedPrefix, StringComparison.Ordinal) ? lines[1] : text).Trim();
        if (Decode(line) is not { Length: KeyBytes } bytes || bytes[0] != 'E' || bytes[1] != 'd')
        {
            return false;
        }

        key = new MinisignKey(IdOf(bytes.AsSpan(2, 8)), bytes[10..]);
        return true;
    }

    /// <summary>Reads a signature. Throws <see cref="FormatException"/>.</summary>
    public static MinisignSignature ReadSignature(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n');
        if (lines.Length is not (4 or 5) || (lines.Length == 5 && lines[4].Length > 0))
        {
            throw new FormatException("It does not have the four lines of a minisign signature");
        }

        for (var i = 0; i < 4; i++)
        {
            lines[i] = lines[i].TrimEnd('\r');
        }

        if (!lines[0].StartsWith(UntrustedPrefix, StringComparison.Ordinal) || !lines[2].StartsWith(TrustedPrefix, StringComparison.Ordinal))
        {
            throw new FormatException("It does not have the comments of a minisign signature");
        }

        if (Decode(lines[1]) is not { Length: SignatureBytes } signature || signature[0] != 'E' || signature[1] is not ((byte)'d' or (byte)'D') || Decode(lines[3]) is not { Length: PureSignatureBytes } global)
        {
            throw new FormatException("It has no signature of a kind that is known");
        }

        return new MinisignSignature(IdOf(signature.AsSpan(2, 8)), signature[1] == 'D', signature[10..], lines[2][TrustedPrefix.Length..], global);
    }

    /// <summary>What the second signature is of.</summary>
    public static byte[] GlobalMessage(MinisignSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        return [.. signature.Signature, .. Encoding.UTF8.GetBytes(signature.TrustedComment)];
    }

    // As minisign prints it: the number is stored with its lowest byte first.
    private static string IdOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> reversed = stackalloc byte[bytes.Length];
        bytes.CopyTo(reversed);
        reversed.Reverse();
        return Convert.ToHexString(reversed);
    }

    // Strictly: bits that mean nothing are none.
    private static byte[]? Decode(string text)
    {
        if (text.Length is 0 or > 1024 || text.Length % 4 != 0 || text.AsSpan().ContainsAnyExcept(Base64Characters))
        {
            return null;
        }

        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (!Convert.TryFromBase64String(text, bytes, out var written))
        {
            return null;
        }

        return Convert.ToBase64String(bytes, 0, written) == text ? bytes[..written] : null;
    }
}
