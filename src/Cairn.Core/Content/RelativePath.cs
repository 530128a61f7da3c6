using System.Text;

namespace Cairn.Core.Content;

/// <summary>What a path within a project may be: segments between single slashes, none of them <c>.</c> or <c>..</c>.</summary>
internal static class RelativePath
{
    /// <summary>UTF-16 units of a path.</summary>
    public const int CharsMax = 4_096;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a path is plain, and has a UTF-8 form.</summary>
    public static bool IsPlain(ReadOnlySpan<char> path)
    {
        if (path.IsEmpty || path.Length > CharsMax || path.Contains('\0') || !HasUtf8(path))
        {
            return false;
        }

        for (var rest = path; ;)
        {
            var slash = rest.IndexOf('/');
            if ((slash < 0 ? rest : rest[..slash]) is "" or "." or "..")
            {
                return false;
            }

            if (slash < 0)
            {
                return true;
            }

            rest = rest[(slash + 1)..];
        }
    }

    /// <summary>Whether a name is a path of one segment.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => !name.Contains('/') && IsPlain(name);

    /// <summary>Whether a text has a UTF-8 form: no half of a surrogate pair stands alone.</summary>
    public static bool HasUtf8(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\ud800', '\udfff') < 0)
        {
            return true;
        }

        try
        {
            _ = StrictUtf8.GetByteCount(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
