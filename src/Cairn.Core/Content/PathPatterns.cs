using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Cairn.Core.Content;

/// <summary>A list of globs over paths relative to the project, with <c>/</c> between segments; later ones win over earlier ones.</summary>
public sealed class PathPatterns
{
    /// <summary>Matches nothing.</summary>
    public static PathPatterns None { get; } = new(ImmutableArray<PathPattern>.Empty);

    private ImmutableArray<PathPattern> _patterns;
    private ImmutableArray<string> _texts;
    private ImmutableArray<string> _literalPaths;
    private ImmutableArray<string> _roots;
    private Kind _kind;

    /// <summary>Takes globs; a leading <c>!</c> was already turned into <see cref="PathPattern.Exclude"/>.</summary>
    public PathPatterns(ImmutableArray<PathPattern> patterns)
    {
        _patterns = patterns;
        Count = patterns.Length;
    }

    private PathPatterns(ImmutableArray<string> texts)
    {
        _texts = texts;
        Count = texts.Length;
    }

    private enum Kind : byte
    {
        Unknown,
        Plain,
        Mixed,
    }

    /// <summary>How many globs there are.</summary>
    public int Count { get; }

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The globs in order.</summary>
    public ImmutableArray<PathPattern> Patterns
    {
        get
        {
            // Threads that parse at the same time come to the same globs.
            if (_patterns.IsDefault)
            {
                _patterns = ParseTexts(_texts);
            }

            return _patterns;
        }
    }

    /// <summary>The globs as texts that <see cref="Parse"/> takes, in order.</summary>
    public ImmutableArray<string> Texts
    {
        get
        {
            if (_texts.IsDefault)
            {
                var texts = new string[_patterns.Length];
                for (var i = 0; i < texts.Length; i++)
                {
                    texts[i] = _patterns[i].Source;
                }

                _texts = ImmutableCollectionsMarshal.AsImmutableArray(texts);
            }

            return _texts;
        }
    }

    /// <summary>
    /// Whether all globs are simply paths, without wildcards, quotes and exclusions. <see cref="LiteralPaths"/> then says all there is to
    /// say, and no glob is ever parsed for it.
    /// </summary>
    public bool IsLiteral
    {
        get
        {
            if (_kind == Kind.Unknown)
            {
                var kind = Kind.Plain;
                foreach (var text in Texts)
                {
                    if (text.StartsWith('!') || !Glob.IsPlain(text))
                    {
                        kind = Kind.Mixed;
                        break;
                    }
                }

                _kind = kind;
            }

            return _kind == Kind.Plain;
        }
    }

    /// <summary>
    /// The paths that are named without a wildcard and not taken out again, in order, each once: what must exist afterwards if this
    /// declares outputs. The project itself is the empty text.
    /// </summary>
    public ImmutableArray<string> LiteralPaths
    {
        get
        {
            if (_literalPaths.IsDefault)
            {
                _literalPaths = FindLiteralPaths();
            }

            return _literalPaths;
        }
    }

    /// <summary>What the exclusions name, as if it were not excluded: of outputs, what is known to be written and not wanted.</summary>
    public PathPatterns Excluded
    {
        get
        {
            if (IsLiteral)
            {
                return None;
            }

            var excluded = ImmutableArray.CreateBuilder<PathPattern>();
            foreach (var pattern in Patterns)
            {
                if (pattern.Exclude)
                {
                    excluded.Add(pattern with { Exclude = false });
                }
            }

            return excluded.Count == 0 ? None : new PathPatterns(excluded.DrainToImmutable());
        }
    }

    /// <summary>
    /// Where a walker finds all matches: paths of folders, or of files where a glob has no wildcard, sorted, none below another.
    /// The project itself is the empty text.
    /// </summary>
    public ImmutableArray<string> Roots
    {
        get
        {
            if (_roots.IsDefault)
            {
                _roots = Patterns is [{ Exclude: false, Glob.Roots: { Length: 1 } single }] ? single : FindRoots();
            }

            return _roots;
        }
    }

    /// <summary>Parses globs, those with a leading <c>!</c> as exclusions; says what is wrong with the first bad one.</summary>
    public static bool TryParse(IEnumerable<string> texts, [NotNullWhen(true)] out PathPatterns? patterns, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var parsed = ImmutableArray.CreateBuilder<PathPattern>();
        foreach (var text in texts)
        {
            if (!PathPattern.TryParse(text, out var pattern, out error))
            {
                patterns = null;
                return false;
            }

            parsed.Add(pattern);
        }

        patterns = parsed.Count == 0 ? None : new PathPatterns(parsed.DrainToImmutable());
        error = null;
        return true;
    }

    /// <summary>Takes globs that are known to be good.</summary>
    public static PathPatterns Parse(params IEnumerable<string> texts) => TryParse(texts, out var patterns, out var error) ? patterns : throw new FormatException(error);

    /// <summary>Takes globs that are known to be good, and parses them when something is asked that needs it.</summary>
    internal static PathPatterns Deferred(ImmutableArray<string> texts) => texts.IsEmpty ? None : new PathPatterns(texts);

    /// <summary>Whether a path matches: the last glob that matches it decides.</summary>
    public bool IsMatch(ReadOnlySpan<char> path)
    {
        if (IsLiteral)
        {
            foreach (var text in Texts)
            {
                if (Glob.IsAtOrBelow(text, path))
                {
                    return true;
                }
            }

            return false;
        }

        for (var i = Patterns.Length - 1; i >= 0; i--)
        {
            if (Patterns[i].Glob.IsMatch(path))
            {
                return !Patterns[i].Exclude;
            }
        }

        return false;
    }

    /// <summary>Whether something below this folder could match, so that a walker need not enter others. The project is the empty text.</summary>
    public bool CouldMatchBelow(ReadOnlySpan<char> folder)
    {
        for (var i = Patterns.Length - 1; i >= 0; i--)
        {
            var (glob, exclude) = (Patterns[i].Glob, Patterns[i].Exclude);
            if (exclude ? glob.MatchesAllBelow(folder) : glob.CouldMatchBelow(folder))
            {
                return !exclude;
            }
        }

        return false;
    }

    /// <summary>Whether some path could match both; exclusions are not looked at, so that a yes may be wrong and a no never is.</summary>
    public static bool MayOverlap(PathPatterns a, PathPatterns b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        foreach (var one in a.Patterns)
        {
            foreach (var other in b.Patterns)
            {
                if (!one.Exclude && !other.Exclude && Glob.MayOverlap(one.Glob, other.Glob))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Patterns);

    private ImmutableArray<string> FindLiteralPaths()
    {
        if (IsLiteral && Count == 1)
        {
            return Texts;
        }

        var paths = ImmutableArray.CreateBuilder<string>(Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (IsLiteral)
        {
            foreach (var text in Texts)
            {
                if (seen.Add(text))
                {
                    paths.Add(text);
                }
            }

            return paths.DrainToImmutable();
        }

        foreach (var pattern in Patterns)
        {
            if (pattern.Exclude)
            {
                continue;
            }

            foreach (var path in pattern.Glob.LiteralPaths)
            {
                if (IsMatch(path) && seen.Add(path))
                {
                    paths.Add(path);
                }
            }
        }

        return paths.DrainToImmutable();
    }

    private static ImmutableArray<PathPattern> ParseTexts(ImmutableArray<string> texts)
    {
        var patterns = new PathPattern[texts.Length];
        for (var i = 0; i < patterns.Length; i++)
        {
            patterns[i] = PathPattern.TryParse(texts[i], out var pattern, out var error) ? pattern : throw new FormatException(error);
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(patterns);
    }

    private ImmutableArray<string> FindRoots()
    {
        var all = new List<string>();
        foreach (var pattern in Patterns)
        {
            if (!pattern.Exclude)
            {
                all.AddRange(pattern.Glob.Roots);
            }
        }

        all.Sort(StringComparer.Ordinal);
        var roots = ImmutableArray.CreateBuilder<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in all)
        {
            // A folder sorts before all that stands below it, but not always directly before.
            if (!IsAtOrBelow(path, seen))
            {
                seen.Add(path);
                roots.Add(path);
            }
        }

        return roots.DrainToImmutable();
    }

    private static bool IsAtOrBelow(string path, HashSet<string> folders)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (folders.Contains(path[..end]))
            {
                return true;
            }
        }

        return folders.Contains("");
    }
}

/// <summary>One glob.</summary>
/// <param name="Glob">The glob.</param>
/// <param name="Exclude">Whether matching paths are taken out again.</param>
public sealed record PathPattern(Glob Glob, bool Exclude)
{
    /// <summary>Parses a glob, one with a leading <c>!</c> as an exclusion (<c>\!</c> is a name that starts so).</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PathPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var exclude = text.StartsWith('!');
        pattern = Glob.TryParse(exclude ? text[1..] : text, out var glob, out error) ? new PathPattern(glob, exclude) : null;
        return pattern is not null;
    }

    /// <summary>A text that parses to this; <c>./</c> keeps a <c>!</c> that belongs to the glob.</summary>
    internal string Source => Exclude ? $"!{Glob.Source}" : Glob.Source.StartsWith('!') ? $"./{Glob.Source}" : Glob.Source;

    /// <inheritdoc/>
    public override string ToString() => Exclude ? $"!{Glob}" : Glob.Text;
}
