using System.Collections.Immutable;

namespace Cairn.Core.Content;

/// <summary>What ignore rules say of a path.</summary>
public enum IgnoreVerdict
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is ignored, with everything below it.</summary>
    Ignored,

    /// <summary>A rule with <c>!</c> takes it in again.</summary>
    Included,
}

/// <summary>
/// The rules of one file in the syntax of <c>.gitignore</c>, with git's own meaning down to the bytes; the last rule that matches decides. Nothing below an ignored
/// folder can be taken in again: whoever walks does not enter it.
/// </summary>
public sealed class IgnoreRules
{
    private readonly ImmutableArray<Rule> _rules;

    private IgnoreRules(ImmutableArray<Rule> rules) => _rules = rules;

    /// <summary>Whether there is no rule.</summary>
    public bool IsEmpty => _rules.IsEmpty;

    /// <summary>Reads a file. Every text is a valid file; a rule that cannot match is left out.</summary>
    public static IgnoreRules Parse(ReadOnlySpan<byte> content)
    {
        if (content.StartsWith("\ufeff"u8))
        {
            content = content[3..];
        }

        var rules = ImmutableArray.CreateBuilder<Rule>();
        while (!content.IsEmpty)
        {
            var newline = content.IndexOf((byte)'\n');
            var line = newline < 0 ? content : content[..newline];
            content = newline < 0 ? [] : content[(newline + 1)..];
            if (!line.IsEmpty && line[0] != '#' && Rule.TryParse(TrimEnd(line)) is { } rule)
            {
                rules.Add(rule);
            }
        }

        return new IgnoreRules(rules.DrainToImmutable());
    }

    /// <summary>What the rules say of a path.</summary>
    /// <param name="path">Relative to the folder of the rules, without a slash at either end.</param>
    /// <param name="isFolder">Whether it is a folder; a link to one is none.</param>
    public IgnoreVerdict Match(ReadOnlySpan<byte> path, bool isFolder)
    {
        var name = path[(path.LastIndexOf((byte)'/') + 1)..];
        var rules = _rules.AsSpan();
        for (var i = rules.Length - 1; i >= 0; i--)
        {
            if (rules[i].IsMatch(path, name, isFolder))
            {
                return rules[i].Includes ? IgnoreVerdict.Included : IgnoreVerdict.Ignored;
            }
        }

        return IgnoreVerdict.None;
    }

    /// <summary>A carriage return before the newline, all after a NUL, and spaces at the end unless a backslash stands before them.</summary>
    private static ReadOnlySpan<byte> TrimEnd(ReadOnlySpan<byte> line)
    {
        if (line[^1] == '\r')
        {
            line = line[..^1];
        }

        if (line.IndexOf((byte)0) is >= 0 and var nul)
        {
            line = line[..nul];
        }

        var spaces = -1;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case (byte)' ':
                    spaces = spaces < 0 ? i : spaces;
                    break;
                case (byte)'\\':
                    if (++i == line.Length)
                    {
                        return line;
                    }

                    spaces = -1;
                    break;
                default:
                    spaces = -1;
                    break;
            }
        }

        return spaces < 0 ? line : line[..spaces];
    }

    /// <summary>One line.</summary>
    private sealed class Rule
    {
        private readonly bool _folderOnly;
        private readonly bool _anywhere;
        private readonly byte[] _literal;
        private readonly byte[]? _suffix;
        private readonly IgnoreWildcard? _wildcard;

        private Rule(bool includes, bool folderOnly, bool anywhere, byte[] literal, byte[]? suffix, IgnoreWildcard? wildcard)
        {
            Includes = includes;
            _folderOnly = folderOnly;
            _anywhere = anywhere;
            _literal = literal;
            _suffix = suffix;
            _wildcard = wildcard;
        }

        /// <summary>Whether it begins with <c>!</c>.</summary>
        public bool Includes { get; }

        public static Rule? TryParse(ReadOnlySpan<byte> pattern)
        {
            var includes = !pattern.IsEmpty && pattern[0] == '!';
            if (includes)
            {
                pattern = pattern[1..];
            }

            var folderOnly = !pattern.IsEmpty && pattern[^1] == '/';
            if (folderOnly)
            {
                pattern = pattern[..^1];
            }

            var anywhere = !pattern.Contains((byte)'/');
            if (!anywhere && pattern[0] == '/')
            {
                pattern = pattern[1..];
            }

            if (pattern.IsEmpty)
            {
                return null;
            }

            var length = IgnoreWildcard.LiteralLength(pattern);
            if (length == pattern.Length)
            {
                return new Rule(includes, folderOnly, anywhere, pattern.ToArray(), suffix: null, wildcard: null);
            }

            if (anywhere && pattern[0] == '*' && IgnoreWildcard.LiteralLength(pattern[1..]) == pattern.Length - 1)
            {
                return new Rule(includes, folderOnly, anywhere, [], pattern[1..].ToArray(), wildcard: null);
            }

            // A name is looked at from its start, a path only from its first wildcard: so does git, and a `**` right there is special although no slash precedes it.
            ReadOnlySpan<byte> literal = anywhere ? [] : pattern[..length];
            return IgnoreWildcard.TryParse(pattern[literal.Length..], !anywhere) is { } wildcard
                ? new Rule(includes, folderOnly, anywhere, literal.ToArray(), suffix: null, wildcard)
                : null;
        }

        public bool IsMatch(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, bool isFolder)
        {
            if (_folderOnly && !isFolder)
            {
                return false;
            }

            var text = _anywhere ? name : path;
            if (_suffix is not null)
            {
                return text.EndsWith(_suffix);
            }

            return _wildcard is null ? text.SequenceEqual(_literal) : text.StartsWith(_literal) && _wildcard.IsMatch(text[_literal.Length..]);
        }
    }
}
