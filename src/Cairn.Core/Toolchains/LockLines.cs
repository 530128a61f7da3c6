using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains;

/// <summary>The lines of a text, one after another.</summary>
/// <param name="text">The text.</param>
/// <param name="start">Where in it they begin.</param>
/// <param name="before">How many lines of its file stand before the text.</param>
internal sealed class LockLines(string text, int start, int before = 0)
{
    private int _at = start;
    private int _number = before + text.AsSpan(0, start).Count('\n') + 1;

    private ReadOnlySpan<char> Line
    {
        get
        {
            var rest = text.AsSpan(_at);
            var end = rest.IndexOf('\n');
            return end < 0 ? rest : rest[..end];
        }
    }

    public bool StartsWith(string prefix) => Line.StartsWith(prefix, StringComparison.Ordinal);

    public bool TryTake(string line)
    {
        if (!Line.SequenceEqual(line))
        {
            return false;
        }

        Advance();
        return true;
    }

    public void Take(string line)
    {
        if (!TryTake(line))
        {
            throw Wrong();
        }
    }

    public string TakeName() => Value("  ", ":") is var name && !name.StartsWith(' ') ? name : throw Wrong();

    /// <summary>A line that may be missing; null then.</summary>
    public string? TryValue(string prefix, string suffix = "") => StartsWith(prefix) ? Value(prefix, suffix) : null;

    /// <summary>What stands between quotes at the end of a line.</summary>
    public string Quoted(string prefix) => Value(prefix + "\"", "\"");

    /// <summary>The same of a line that may be missing; null then.</summary>
    public string? TryQuoted(string prefix) => StartsWith(prefix) ? Quoted(prefix) : null;

    /// <summary>A list of texts between quotes in one line.</summary>
    public ImmutableArray<string> List(string prefix)
    {
        if (TryTake(prefix + "[]"))
        {
            return [];
        }

        return [.. Value(prefix + "[\"", "\"]").Split("\", \"")];
    }

    /// <summary>A number.</summary>
    public int Number(string prefix) => LongNumber(prefix) is var number && number <= int.MaxValue ? (int)number : throw WrongBefore();

    /// <summary>A number that may be large.</summary>
    public long LongNumber(string prefix) => long.TryParse(Value(prefix), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw WrongBefore();

    public string Value(string prefix, string suffix = "")
    {
        var line = Line;
        if (line.Length <= prefix.Length + suffix.Length || !line.StartsWith(prefix, StringComparison.Ordinal) || !line.EndsWith(suffix, StringComparison.Ordinal))
        {
            throw Wrong();
        }

        var value = line[prefix.Length..^suffix.Length].ToString();
        Advance();
        return value;
    }

    public string Path(string prefix) => Value(prefix) is var path && RelativePath.IsPlain(path) ? path : throw WrongBefore();

    public Digest Digest(string prefix) => Content.Digest.TryParse(Value(prefix), CultureInfo.InvariantCulture, out var digest) ? digest : throw WrongBefore();

    public DateTimeOffset Date(string prefix, string suffix) =>
        DateTimeOffset.TryParseExact(Value(prefix, suffix), ToolchainLockText.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : throw WrongBefore();

    /// <summary>What is thrown for the line that comes next.</summary>
    public FormatException Wrong() => Wrong(_number);

    /// <summary>What is thrown for the line that was taken last.</summary>
    public FormatException WrongBefore() => Wrong(_number - 1);

    private static FormatException Wrong(int line) => new($"Line {line.ToString(CultureInfo.InvariantCulture)} is not as it was written");

    private void Advance()
    {
        // The last line of a text that was cut off has no end.
        _at = Math.Min(_at + Line.Length + 1, text.Length);
        _number++;
    }
}
