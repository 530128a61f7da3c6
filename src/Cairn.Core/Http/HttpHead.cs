using System.Globalization;
using System.Text;

namespace Cairn.Core.Http;

/// <summary>The head of a request of HTTP/1.1 or 1.0. Strict: what two programs could read differently is refused.</summary>
public sealed class HttpHead
{
    /// <summary>Bytes of a head; more is refused.</summary>
    public const int BytesMax = 64 << 10;

    private const int HeadersMax = 200;

    private HttpHead(string method, string target, bool is11, List<KeyValuePair<string, string>> headers) => (Method, Target, Is11, Headers) = (method, target, is11, headers);

    /// <summary>Its method, in upper case.</summary>
    public string Method { get; }

    /// <summary>What it asks for, as it was written.</summary>
    public string Target { get; }

    /// <summary>Whether it is of HTTP/1.1, and not 1.0.</summary>
    public bool Is11 { get; }

    /// <summary>Its headers in their order, one character for each byte of a value.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>Where a head ends, its empty line included; -1 where it does not end yet.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var at = bytes.IndexOf("\r\n\r\n"u8);
        return at < 0 ? -1 : at + 4;
    }

    /// <summary>Reads a whole head, its empty line included; null, with what is wrong, for what is none.</summary>
    public static HttpHead? TryRead(ReadOnlySpan<byte> head, out string problem)
    {
        problem = "";
        if (head.Length > BytesMax)
        {
            problem = "The request is too long";
            return null;
        }

        if (FindEnd(head) != head.Length)
        {
            problem = "The request does not end";
            return null;
        }

        foreach (var b in head)
        {
            if (b is not ((byte)'\t' or (byte)'\r' or (byte)'\n' or (>= 0x20 and not 0x7f)))
            {
                problem = "The request has control characters";
                return null;
            }
        }

        // One character for each byte: header values may have others than ASCII's, which are passed on as they are.
        var lines = Encoding.Latin1.GetString(head[..^4]).Split("\r\n");
        if (Array.Exists(lines, static line => line.AsSpan().ContainsAny('\r', '\n')))
        {
            problem = "The request has line ends that are none";
            return null;
        }

        var parts = lines[0].Split(' ');
        if (parts is not [{ Length: > 0 and <= 32 } method, { Length: > 0 } target, "HTTP/1.1" or "HTTP/1.0"] || method.AsSpan().ContainsAnyExceptInRange('A', 'Z'))
        {
            problem = "The request's first line is not METHOD ADDRESS HTTP/1.1";
            return null;
        }

        return ReadHeaders(lines, ref problem) is { } headers ? new HttpHead(method, target, parts[2] is "HTTP/1.1", headers) : null;
    }

    /// <summary>A header by its name; null where there is none, or more than one.</summary>
    public string? Only(string name)
    {
        string? found = null;
        foreach (var (other, value) in Headers)
        {
            if (Is(other, name))
            {
                if (found is not null)
                {
                    return null;
                }

                found = value;
            }
        }

        return found;
    }

    /// <summary>Whether there is a header of a name.</summary>
    public bool Has(string name)
    {
        foreach (var header in Headers)
        {
            if (Is(header.Key, name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether one of the words of a header that is a list is this one.</summary>
    public bool HasWord(string name, string word)
    {
        foreach (var (other, value) in Headers)
        {
            if (Is(other, name) && Array.Exists(value.Split(','), part => Is(part.Trim(' ', '\t'), word)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The bytes that follow; null where a header says it in a way that is none.</summary>
    public long? ContentLength()
    {
        if (!Has("content-length"))
        {
            return 0;
        }

        return Only("content-length") is { Length: > 0 and < 19 } text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : null;
    }

    /// <summary>Whether two names of headers are the same.</summary>
    public static bool Is(string name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    private static List<KeyValuePair<string, string>>? ReadHeaders(string[] lines, ref string problem)
    {
        if (lines.Length - 1 > HeadersMax)
        {
            problem = $"The request has more than {HeadersMax} headers";
            return null;
        }

        var headers = new List<KeyValuePair<string, string>>(lines.Length - 1);
        var bodies = 0;
        for (var i = 1; i < lines.Length; i++)
        {
            var colon = lines[i].IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || !IsToken(lines[i].AsSpan(0, colon)))
            {
                problem = "The request has a header that is none";
                return null;
            }

            var name = lines[i][..colon];
            bodies += Is(name, "content-length") || Is(name, "transfer-encoding") ? 1 : 0;
            headers.Add(new(name, lines[i][(colon + 1)..].Trim(' ', '\t')));
        }

        if (bodies > 1)
        {
            problem = "The request tells the length of its body twice";
            return null;
        }

        return headers;
    }

    private static bool IsToken(ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
