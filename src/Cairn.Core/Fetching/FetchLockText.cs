using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Toolchains;

namespace Cairn.Core.Fetching;

/// <summary>
/// The text of a <see cref="FetchLock"/>: the last part of <c>cairn.lock</c>, behind that of the toolchains. YAML, of which only what <see cref="Write"/> writes is read.
/// </summary>
public static class FetchLockText
{
    private const string Heading = "# What the fetch steps of cairn.yaml brought. Written by `cairn fetch`.\nfetched:\n";

    private const string End = ToolchainLockText.End + "\n";

    /// <summary>What a lock file says of toolchains, as if nothing else were in it, and what it says of fetch steps.</summary>
    public static (string Toolchains, string Fetched) Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.IndexOf("\n" + Heading, StringComparison.Ordinal) + 1;
        return at > 0 ? (text[..at] + End, text[at..]) : (text, "");
    }

    /// <summary>Both in one file.</summary>
    public static string Join(string toolchains, string fetched)
    {
        ArgumentNullException.ThrowIfNull(toolchains);
        ArgumentNullException.ThrowIfNull(fetched);
        return fetched.Length == 0 ? toolchains : (toolchains.EndsWith(End, StringComparison.Ordinal) ? toolchains[..^End.Length] : toolchains) + fetched;
    }

    /// <summary>Writes a lock; nothing where it is empty.</summary>
    public static string Write(FetchLock content)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (content.Pins.IsEmpty)
        {
            return "";
        }

        var text = new StringBuilder(Heading);
        foreach (var pin in content.Pins)
        {
            text.Append("  ").Append(Quote(pin.Job)).Append(":\n");
            text.Append($"    asked: {pin.Asked}\n");
            text.Append($"    tree: {pin.Tree}\n");
            text.Append(CultureInfo.InvariantCulture, $"    files: {pin.Files}\n");
            text.Append(CultureInfo.InvariantCulture, $"    bytes: {pin.Bytes}\n");
            text.Append(pin.Parts.IsEmpty ? "    parts: {}\n" : "    parts:\n");
            foreach (var part in pin.Parts)
            {
                text.Append("      ").Append(Quote(part.Path)).Append(": \"").Append(part.Hash).Append("\"\n");
            }
        }

        return text.Append(End).ToString();
    }

    /// <summary>Reads what <see cref="Split"/> gave. Throws <see cref="FormatException"/> for a text that <see cref="Write"/> did not write.</summary>
    /// <param name="text">The text.</param>
    /// <param name="linesBefore">How many lines of the file stand before it.</param>
    public static FetchLock Read(string text, int linesBefore = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            return FetchLock.Empty;
        }

        if (!text.StartsWith(Heading, StringComparison.Ordinal))
        {
            throw new FormatException("What fetch steps brought does not begin as it was written");
        }

        var pins = ImmutableArray.CreateBuilder<FetchPin>();
        var lines = new LockLines(text, Heading.Length, linesBefore);
        while (!lines.TryTake(ToolchainLockText.End))
        {
            pins.Add(ReadPin(lines));
            if (pins.Count > 1 && string.CompareOrdinal(pins[^2].Job, pins[^1].Job) >= 0)
            {
                throw new FormatException($"`{pins[^1].Job}` is not where the order of names has it");
            }
        }

        var content = new FetchLock(pins.DrainToImmutable());
        return string.Equals(Write(content), text, StringComparison.Ordinal) ? content : throw new FormatException("What it says of fetch steps was edited");
    }

    private static FetchPin ReadPin(LockLines lines)
    {
        var job = Unquote(lines.Value("  ", ":"), lines);
        var pin = new FetchPin(job, lines.Digest("    asked: "), lines.Digest("    tree: "), lines.Number("    files: "), lines.LongNumber("    bytes: "));
        if (lines.TryTake("    parts: {}"))
        {
            return pin;
        }

        var parts = ImmutableArray.CreateBuilder<FetchPart>();
        lines.Take("    parts:");
        while (lines.StartsWith("      \""))
        {
            var line = lines.Value("      ", "\"");
            var split = line.LastIndexOf(": \"", StringComparison.Ordinal);
            parts.Add(split < 0 ? throw lines.WrongBefore() : new FetchPart(Unquote(line[..split], lines), line[(split + 3)..]));
        }

        return pin with { Parts = parts.DrainToImmutable() };
    }

    // Quoted as JSON and YAML both have it; all that is not plain is escaped, so that a text is one line whoever reads it.
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (var c in text)
        {
            if (c is '"' or '\\')
            {
                quoted.Append('\\').Append(c);
            }
            else if (c is < ' ' or (>= '\u007f' and < '\u00a0') or '\u2028' or '\u2029' or '\ufeff' || char.IsSurrogate(c))
            {
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                quoted.Append(c);
            }
        }

        return quoted.Append('"').ToString();
    }

    private static string Unquote(string quoted, LockLines lines)
    {
        if (quoted is not ['"', .. var inner, '"'])
        {
            throw lines.WrongBefore();
        }

        var text = new StringBuilder(inner.Length);
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] != '\\')
            {
                text.Append(inner[i]);
            }
            else if (++i < inner.Length && inner[i] is '"' or '\\')
            {
                text.Append(inner[i]);
            }
            else
            {
                text.Append(i + 4 < inner.Length && inner[i] == 'u' && ushort.TryParse(inner.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? (char)unit : throw lines.WrongBefore());
                i += 4;
            }
        }

        return text.ToString();
    }
}
