using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Cairn.Core.Content;

/// <summary>
/// A glob over relative paths: <c>*</c> and <c>?</c> within a segment (a leading dot is nothing special), <c>[a-z]</c> and <c>[!a-z]</c>,
/// <c>**</c> for any number of segments (at the end for at least one), <c>{a,b}</c>, <c>\</c> to quote. A glob that names a folder, with or
/// without <c>/</c> at its end, matches everything below it. <c>.</c> is the project itself. Case counts.
/// </summary>
public sealed class Glob
{
    private const int OverlapCellsMax = 1 << 20;

    private readonly bool _isPlain;
    private ImmutableArray<ImmutableArray<GlobSegment>> _alternatives;
    private ImmutableArray<string> _literalPaths;
    private ImmutableArray<string> _roots;
    private string? _literalPrefix;

    private Glob(string source, string text, ImmutableArray<ImmutableArray<GlobSegment>> alternatives)
    {
        Source = source;
        Text = text;
        _alternatives = alternatives;
    }

    /// <summary>Takes a text of which <see cref="IsPlain"/> holds.</summary>
    private Glob(string text)
    {
        Source = text;
        Text = text;
        _isPlain = true;
    }

    /// <summary>The text as written, normalised (<c>./</c>, double slashes and a slash at the end gone).</summary>
    public string Text { get; }

    /// <summary>Whether it has no wildcard, so that it names one path.</summary>
    public bool IsLiteral => _isPlain || (_alternatives.Length == 1 && LiteralPaths.Length == 1);

    /// <summary>The path that a literal glob names, quotes resolved; else null.</summary>
    public string? LiteralPath => _isPlain ? Text : IsLiteral ? LiteralPaths[0] : null;

    /// <summary>The paths that it names without a wildcard: <c>{a,b*}</c> names <c>a</c>. The project itself is the empty text.</summary>
    public ImmutableArray<string> LiteralPaths
    {
        get
        {
            if (_literalPaths.IsDefault)
            {
                _literalPaths = _isPlain ? [Text] : FindLiteralPaths();
            }

            return _literalPaths;
        }
    }

    /// <summary>The folder below which all matches stand: <c>build/</c> of <c>build/**/*.o</c>; empty for the project itself.</summary>
    public string LiteralPrefix => _literalPrefix ??= _isPlain ? Text[..(Text.LastIndexOf('/') + 1)] : PrefixOf(_alternatives);

    /// <summary>Of each alternative the part before its first wildcard: where a walker finds all matches, itself or below.</summary>
    internal ImmutableArray<string> Roots
    {
        get
        {
            if (_roots.IsDefault)
            {
                _roots = _isPlain ? LiteralPaths : FindRoots();
            }

            return _roots;
        }
    }

    /// <summary>The text exactly as it was parsed.</summary>
    internal string Source { get; }

    /// <summary>The glob without braces; a path matches if it matches one. An alternative without segments is the project.</summary>
    private ImmutableArray<ImmutableArray<GlobSegment>> Alternatives
    {
        get
        {
            if (_alternatives.IsDefault)
            {
                _alternatives = [[.. Text.Split('/').Select(static name => new GlobSegment.Literal(name))]];
            }

            return _alternatives;
        }
    }

    /// <summary>Parses a glob; says what is wrong with a bad one: absolute, escaping through <c>..</c>, unclosed brackets, too long, empty.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Glob? glob, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (IsPlain(text))
        {
            glob = new Glob(text);
            error = null;
            return true;
        }

        var parser = new GlobParser(text);
        glob = parser.Parse() is { } alternatives ? new Glob(text, Normalise(text), alternatives) : null;
        error = glob is null ? parser.Error : null;
        return glob is not null;
    }

    /// <summary>Takes a glob that is known to be good.</summary>
    public static Glob Parse(string text) => TryParse(text, out var glob, out var error) ? glob : throw new FormatException(error);

    /// <summary>Whether a path (no leading <c>./</c>) matches, itself or by a folder above it. Linear in the path times the glob.</summary>
    public bool IsMatch(ReadOnlySpan<char> path)
    {
        if (_isPlain)
        {
            return IsAtOrBelow(Text, path);
        }

        foreach (var alternative in _alternatives)
        {
            if (IsMatch(alternative.AsSpan(), path, tailTaken: false))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether something below this folder could match, so that a walker need not enter others. The project is the empty text.</summary>
    public bool CouldMatchBelow(ReadOnlySpan<char> folder)
    {
        if (_isPlain)
        {
            return AreInLine(Text, folder);
        }

        foreach (var alternative in _alternatives)
        {
            if (CouldMatchBelow(alternative.AsSpan(), folder))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether some path could match both. Exact but for huge globs, of which it says yes.</summary>
    public static bool MayOverlap(Glob a, Glob b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a._isPlain && b._isPlain)
        {
            return AreInLine(a.Text, b.Text);
        }

        var budget = OverlapCellsMax;
        foreach (var one in a.Alternatives)
        {
            foreach (var other in b.Alternatives)
            {
                if (MayOverlap(one, other, ref budget))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>Whether everything below this folder matches.</summary>
    internal bool MatchesAllBelow(ReadOnlySpan<char> folder)
    {
        if (_isPlain)
        {
            return IsAtOrBelow(Text, folder);
        }

        foreach (var alternative in _alternatives)
        {
            if (IsMatch(alternative.AsSpan(), folder, tailTaken: true))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a text is a good glob that means itself, by far the most common kind: no wildcard, no quote, nothing to normalise.</summary>
    internal static bool IsPlain(ReadOnlySpan<char> text)
    {
        if (text.Length > Limits.GlobCharsMax)
        {
            return false;
        }

        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            var c = i == text.Length ? '/' : text[i];
            if (c == '/')
            {
                if (text[start..i] is "" or "." or "..")
                {
                    return false;
                }

                start = i + 1;
            }
            else if (c is '*' or '?' or '[' or ']' or '{' or '}' or '\\' or '\0')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a path is the plain one or stands below it.</summary>
    internal static bool IsAtOrBelow(ReadOnlySpan<char> plain, ReadOnlySpan<char> path)
    {
        while (plain.Length > 0)
        {
            if (path.Length == 0 || !First(path).SequenceEqual(First(plain)))
            {
                return false;
            }

            plain = Rest(plain);
            path = Rest(path);
        }

        return true;
    }

    /// <summary>Whether one of two paths is the other or stands below it.</summary>
    private static bool AreInLine(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        while (a.Length > 0 && b.Length > 0)
        {
            if (!First(a).SequenceEqual(First(b)))
            {
                return false;
            }

            a = Rest(a);
            b = Rest(b);
        }

        return true;
    }

    /// <summary>
    /// Succeeds as soon as the segments are used up: what is left of the path stands below the match. So a <c>**</c> does best to take
    /// as little as it can, and on a mismatch only the last one has to take more.
    /// </summary>
    /// <param name="segments">An alternative.</param>
    /// <param name="path">What is left of the path.</param>
    /// <param name="tailTaken">Whether a <c>**</c> at the end matches although nothing is left for it.</param>
    private static bool IsMatch(ReadOnlySpan<GlobSegment> segments, ReadOnlySpan<char> path, bool tailTaken)
    {
        var next = 0;
        var retry = -1;
        ReadOnlySpan<char> retryPath = default;
        while (true)
        {
            if (next == segments.Length)
            {
                return true;
            }

            if (segments[next] is GlobSegment.AnyDepth)
            {
                next++;
                if (next == segments.Length)
                {
                    return tailTaken || path.Length > 0;
                }

                retry = next;
                retryPath = path;
                continue;
            }

            if (path.Length > 0 && segments[next].IsMatch(First(path)))
            {
                path = Rest(path);
                next++;
                continue;
            }

            if (retry < 0 || retryPath.Length == 0)
            {
                return false;
            }

            retryPath = Rest(retryPath);
            path = retryPath;
            next = retry;
        }
    }

    private static bool CouldMatchBelow(ReadOnlySpan<GlobSegment> segments, ReadOnlySpan<char> folder)
    {
        foreach (var segment in segments)
        {
            if (folder.Length == 0 || segment is GlobSegment.AnyDepth)
            {
                return true;
            }

            if (!segment.IsMatch(First(folder)))
            {
                return false;
            }

            folder = Rest(folder);
        }

        return true;
    }

    /// <summary>A table over the rests of both, filled from the ends. Where one is used up, the other can go on below.</summary>
    private static bool MayOverlap(ImmutableArray<GlobSegment> a, ImmutableArray<GlobSegment> b, ref int budget)
    {
        budget -= (a.Length + 1) * (b.Length + 1);
        if (budget < 0)
        {
            return true;
        }

        var below = new bool[b.Length + 1];
        var row = new bool[b.Length + 1];
        for (var i = a.Length; i >= 0; i--)
        {
            for (var j = b.Length; j >= 0; j--)
            {
                row[j] = i == a.Length || j == b.Length
                    || (a[i] is GlobSegment.AnyDepth || b[j] is GlobSegment.AnyDepth
                        ? below[j] || row[j + 1]
                        : below[j + 1] && GlobSegment.MayOverlap(a[i], b[j], ref budget));
            }

            (below, row) = (row, below);
        }

        return below[0];
    }

    private static ReadOnlySpan<char> First(ReadOnlySpan<char> path) => path.IndexOf('/') is >= 0 and var end ? path[..end] : path;

    private static ReadOnlySpan<char> Rest(ReadOnlySpan<char> path) => path.IndexOf('/') is >= 0 and var end ? path[(end + 1)..] : [];

    private ImmutableArray<string> FindLiteralPaths()
    {
        var literals = ImmutableArray.CreateBuilder<string>();
        foreach (var alternative in _alternatives)
        {
            if (LiteralLength(alternative) == alternative.Length)
            {
                literals.Add(Join(alternative, alternative.Length));
            }
        }

        return literals.DrainToImmutable();
    }

    private ImmutableArray<string> FindRoots()
    {
        var roots = ImmutableArray.CreateBuilder<string>(_alternatives.Length);
        foreach (var alternative in _alternatives)
        {
            roots.Add(Join(alternative, LiteralLength(alternative)));
        }

        return roots.DrainToImmutable();
    }

    private static int LiteralLength(ImmutableArray<GlobSegment> segments)
    {
        var length = 0;
        while (length < segments.Length && segments[length] is GlobSegment.Literal)
        {
            length++;
        }

        return length;
    }

    private static string Join(ImmutableArray<GlobSegment> segments, int length)
    {
        var path = new StringBuilder();
        for (var i = 0; i < length; i++)
        {
            path.Append(i == 0 ? "" : "/").Append(((GlobSegment.Literal)segments[i]).Name);
        }

        return path.ToString();
    }

    private static string PrefixOf(ImmutableArray<ImmutableArray<GlobSegment>> alternatives)
    {
        var first = alternatives[0];
        var common = first.Length;
        foreach (var alternative in alternatives)
        {
            // The last segment is the match itself, not a folder above it.
            common = Math.Min(common, Math.Min(LiteralLength(alternative), alternative.Length - 1));
            for (var i = 0; i < common; i++)
            {
                if (alternative[i] != first[i])
                {
                    common = i;
                }
            }
        }

        return common <= 0 ? "" : Join(first, common) + "/";
    }

    private static string Normalise(string text)
    {
        if (!text.EndsWith('/') && !text.StartsWith("./", StringComparison.Ordinal) && !text.Contains("//", StringComparison.Ordinal) && !text.Contains("/.", StringComparison.Ordinal))
        {
            return text;
        }

        var normal = new StringBuilder();
        foreach (var range in text.AsSpan().Split('/'))
        {
            if (text.AsSpan(range) is not ("" or "."))
            {
                normal.Append(normal.Length == 0 ? "" : "/").Append(text.AsSpan(range));
            }
        }

        // An alternative may begin with a slash or be empty where a folder stands before it: `./{,a}`.
        if (normal.Length > 0 && normal[0] == '{' && text[0] != '{')
        {
            normal.Insert(0, "./");
        }

        return normal.Length == 0 ? "." : normal.ToString();
    }
}
