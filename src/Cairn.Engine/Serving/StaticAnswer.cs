using System.Globalization;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Serving;

/// <summary>Answers for the content of a file: whole, a range of it, or that it is still the same.</summary>
internal static class StaticAnswer
{
    /// <summary>The answer to GET or HEAD. The file is closed with it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="file">The file.</param>
    /// <param name="length">How much of it there is.</param>
    /// <param name="tag">What changes with the content.</param>
    /// <param name="contentType">The content's type.</param>
    /// <param name="caching">How long others may keep it.</param>
    public static HttpResponse Of(HttpRequest request, SafeFileHandle file, long length, string tag, string contentType, string caching)
    {
        var response = Choose(request, file, length, tag);
        if (response.Status is 200 or 206)
        {
            response.With("Content-Type", contentType);
        }

        // Nothing here is secret, and pages that audit logs may read it.
        return response.With("Cache-Control", caching).With("ETag", tag).With("Accept-Ranges", "bytes").With("Access-Control-Allow-Origin", "*").With("X-Content-Type-Options", "nosniff");
    }

    private static HttpResponse Choose(HttpRequest request, SafeFileHandle file, long length, string tag)
    {
        if (request.Head.Has("if-none-match") && (request.Head.HasWord("if-none-match", tag) || request.Head.HasWord("if-none-match", "W/" + tag) || request.Head.Only("if-none-match") is "*"))
        {
            file.Dispose();
            return HttpResponse.Empty(304);
        }

        // A range of another version is none of this one: then all of it is sent.
        if (request.Method != "GET" || request.Head.Only("range") is not { } range || (request.Head.Has("if-range") && request.Head.Only("if-range") != tag) || !TryParse(range, length, out var from, out var to))
        {
            return HttpResponse.OfFile(200, file, 0, length);
        }

        if (from > to)
        {
            file.Dispose();
            return HttpResponse.Empty(416).With("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes */{length}"));
        }

        return HttpResponse.OfFile(206, file, from, to - from + 1).With("Content-Range", string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{length}"));
    }

    /// <summary>Reads one range; false for what is none, or several, which a server may answer with all.</summary>
    private static bool TryParse(string range, long length, out long from, out long to)
    {
        const string Unit = "bytes=";
        (from, to) = (0, length - 1);
        if (!range.StartsWith(Unit, StringComparison.Ordinal) || range[Unit.Length..].Split('-') is not [var first, var last] || (first.Length == 0 && last.Length == 0))
        {
            return false;
        }

        if (first.Length == 0)
        {
            if (!TryNumber(last, out var count))
            {
                return false;
            }

            // The last so many bytes; none of them cannot be had.
            from = count == 0 ? length : Math.Max(0, length - count);
            return true;
        }

        if (!TryNumber(first, out from) || (last.Length > 0 && (!TryNumber(last, out to) || to < from)))
        {
            return false;
        }

        to = Math.Min(to, length - 1);
        return true;
    }

    private static bool TryNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
