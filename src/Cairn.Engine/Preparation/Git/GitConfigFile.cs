using System.Text;

namespace Cairn.Engine.Preparation.Git;

/// <summary>
/// What a repository's own <c>config</c> says about its format, read as git reads it to that end: without includes and without the user's files.
/// </summary>
internal sealed class GitConfigFile
{
    private readonly string _text;
    private int _at;

    private GitConfigFile(string text) => _text = text;

    /// <summary>The value of <c>core.repositoryFormatVersion</c>.</summary>
    public int FormatVersion { get; private set; }

    /// <summary>Whether object names are SHA-256.</summary>
    public bool IsSha256 { get; private set; }

    /// <summary>Whether <c>config.worktree</c> holds too.</summary>
    public bool HasWorktreeConfig { get; private set; }

    /// <summary>Whether it says that there is no working tree.</summary>
    public bool IsBare { get; private set; }

    /// <summary>Where the working tree is, relative to the git directory; null where it is the folder of <c>.git</c>.</summary>
    public string? Worktree { get; private set; }

    /// <summary>Reads a file; null where it says something that is not understood, an unknown extension say.</summary>
    public static GitConfigFile? TryParse(ReadOnlySpan<byte> bytes)
    {
        var config = new GitConfigFile(Encoding.UTF8.GetString(bytes.StartsWith("\ufeff"u8) ? bytes[3..] : bytes));
        return config.Read() && config.FormatVersion is 0 or 1 && !(config.IsSha256 && config.FormatVersion == 0) ? config : null;
    }

    private bool Read()
    {
        var section = "";
        while (true)
        {
            SkipBlank();
            if (_at == _text.Length)
            {
                return true;
            }

            switch (_text[_at])
            {
                case '#' or ';':
                    SkipLine();
                    break;
                case '[':
                    if (ReadSection() is not { } name)
                    {
                        return false;
                    }

                    section = name;
                    break;
                case var first when char.IsAsciiLetter(first):
                    if (!ReadVariable(section))
                    {
                        return false;
                    }

                    break;
                default:
                    return false;
            }
        }
    }

    /// <summary>The section in lower case; one with a subsection is told apart by a quote, which no plain name holds.</summary>
    private string? ReadSection()
    {
        var end = ++_at;
        while (end < _text.Length && (char.IsAsciiLetterOrDigit(_text[end]) || _text[end] is '-' or '.'))
        {
            end++;
        }

        var name = _text[_at..end].ToLowerInvariant();
        _at = end;
        if (_at < _text.Length && _text[_at] == ']')
        {
            _at++;
            return name;
        }

        while (_at < _text.Length && _text[_at] is ' ' or '\t')
        {
            _at++;
        }

        if (_at == _text.Length || _text[_at] != '"')
        {
            return null;
        }

        for (_at++; _at < _text.Length && _text[_at] is not ('"' or '\n'); _at++)
        {
            _at += _text[_at] == '\\' ? 1 : 0;
        }

        if (_at + 1 >= _text.Length || _text[_at] != '"' || _text[_at + 1] != ']')
        {
            return null;
        }

        _at += 2;
        return name + '"';
    }

    private bool ReadVariable(string section)
    {
        var start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '-'))
        {
            _at++;
        }

        var key = _text[start.._at].ToLowerInvariant();
        while (_at < _text.Length && _text[_at] is ' ' or '\t')
        {
            _at++;
        }

        string? value = null;
        if (_at < _text.Length && _text[_at] == '=')
        {
            _at++;
            value = ReadValue();
            if (value is null)
            {
                return false;
            }
        }
        else if (_at < _text.Length && _text[_at] is not ('\n' or '\r' or '#' or ';'))
        {
            return false;
        }

        return Take(section, key, value);
    }

    private string? ReadValue()
    {
        var value = new StringBuilder();
        var (quoted, kept) = (false, 0);
        for (; _at < _text.Length && _text[_at] != '\n'; _at++)
        {
            var c = _text[_at];
            if (c == '\\')
            {
                if (++_at == _text.Length)
                {
                    return null;
                }

                // A line that ends with a backslash goes on in the next.
                c = _text[_at] == '\r' && _at + 1 < _text.Length && _text[_at + 1] == '\n' ? _text[++_at] : _text[_at];
                if (c == '\n')
                {
                    continue;
                }

                c = c switch { 't' => '\t', 'b' => '\b', 'n' => '\n', '\\' => '\\', '"' => '"', _ => '\0' };
                if (c == '\0')
                {
                    return null;
                }

                kept = value.Append(c).Length;
            }
            else if (c == '"')
            {
                quoted = !quoted;
                kept = value.Length;
            }
            else if (!quoted && c is '#' or ';')
            {
                SkipLine();
                break;
            }
            else if (quoted || !char.IsWhiteSpace(c))
            {
                kept = value.Append(c).Length;
            }
            else if (value.Length > 0)
            {
                value.Append(c);
            }
        }

        return quoted ? null : value.ToString(0, kept);
    }

    private bool Take(string section, string key, string? value)
    {
        switch (section, key)
        {
            case ("core", "repositoryformatversion"):
                FormatVersion = int.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out var version) ? version : -1;
                return true;
            case ("core", "bare"):
                if (Boolean(value) is not { } bare)
                {
                    return false;
                }

                IsBare = bare;
                return true;
            case ("core", "worktree"):
                Worktree = value;
                return value is { Length: > 0 };
            case ("extensions", "objectformat"):
                IsSha256 = string.Equals(value, "sha256", StringComparison.Ordinal);
                return IsSha256 || string.Equals(value, "sha1", StringComparison.Ordinal);
            case ("extensions", "refstorage"):
                return string.Equals(value, "files", StringComparison.Ordinal);
            case ("extensions", "worktreeconfig"):
                if (Boolean(value) is not { } worktree)
                {
                    return false;
                }

                HasWorktreeConfig = worktree;
                return true;
            case ("extensions", "noop" or "noop-v1" or "partialclone" or "preciousobjects" or "relativeworktrees"):
                return true;
            default:
                return !string.Equals(section, "extensions", StringComparison.Ordinal);
        }
    }

    private static bool? Boolean(string? value) => value?.ToLowerInvariant() switch
    {
        null or "true" or "yes" or "on" or "1" => true,
        "false" or "no" or "off" or "0" or "" => false,
        _ => null,
    };

    private void SkipBlank()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private void SkipLine()
    {
        while (_at < _text.Length && _text[_at] != '\n')
        {
            _at++;
        }
    }
}
