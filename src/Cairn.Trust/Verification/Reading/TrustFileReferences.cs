using System.Collections.Immutable;
using System.Text;

namespace Cairn.Trust.Verification.Reading;

/// <summary>
/// The files that a trust store names with <c>file:</c>. They can be found without reading it as YAML, so that whoever asks whether anything has changed can do so with a few bytes of work: every reference
/// must therefore stand in the file as it is, without quotes or escapes inside.
/// </summary>
public static class TrustFileReferences
{
    /// <summary>What a reference begins with.</summary>
    public const string Scheme = "file:";

    private static ReadOnlySpan<byte> SchemeBytes => "file:"u8;

    /// <summary>The paths, in order, each once.</summary>
    public static ImmutableArray<string> Find(ReadOnlySpan<byte> content)
    {
        ImmutableArray<string> found = [];
        while (content.IndexOf(SchemeBytes) is >= 0 and var at)
        {
            content = content[(at + SchemeBytes.Length)..];
            var length = 0;
            while (length < content.Length && IsPathByte(content[length]))
            {
                length++;
            }

            var path = Encoding.ASCII.GetString(content[..length]);
            if (length > 0 && !found.Contains(path, StringComparer.Ordinal))
            {
                found = found.Add(path);
            }
        }

        return found;
    }

    /// <summary>The path of a value that is a reference; null where it is none.</summary>
    public static string? PathOf(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.StartsWith(Scheme, StringComparison.Ordinal) ? value[Scheme.Length..] : null;
    }

    /// <summary>Whether a path can be found again: letters, digits and <c>._/~+@-</c>.</summary>
    public static bool IsPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        foreach (var c in path)
        {
            if (c > '~' || !IsPathByte((byte)c))
            {
                return false;
            }
        }

        return path.Length > 0;
    }

    private static bool IsPathByte(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'_' or (byte)'/' or (byte)'~' or (byte)'+' or (byte)'@' or (byte)'-';
}
