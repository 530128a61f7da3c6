using System.Collections.Immutable;
using System.Text;

namespace Cairn.Engine.Running;

/// <summary>
/// The file behind <c>$CAIRN_OUTPUT</c>: lines <c>key=value</c>, or <c>key&lt;&lt;DELIMITER</c>, lines, and a line <c>DELIMITER</c>.
/// A later value of a key wins.
/// </summary>
internal static class StepOutputFile
{
    private const int KeyCharsMax = 200;

    /// <summary>Reads what a step left, which may be too much, with secrets masked.</summary>
    /// <param name="content">The file's content as far as <see cref="Limits.StepOutputBytesMax"/> and a byte more; null for no file.</param>
    /// <param name="secrets">Values to mask.</param>
    public static (ImmutableSortedDictionary<string, string> Outputs, string? Error) Read(byte[]? content, ImmutableArray<string> secrets) => content switch
    {
        null => (ImmutableSortedDictionary<string, string>.Empty, null),
        { Length: > Limits.StepOutputBytesMax } => (
            ImmutableSortedDictionary<string, string>.Empty,
            $"$CAIRN_OUTPUT is larger than {Limits.StepOutputBytesMax / 1024} KiB: write large results to a file and declare it under `outputs`"),
        _ => Parse(Redaction.Apply(content, secrets)),
    };

    /// <summary>Reads the file's content; says what is wrong with a bad one, by line.</summary>
    public static (ImmutableSortedDictionary<string, string> Outputs, string? Error) Parse(ReadOnlySpan<byte> content)
    {
        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(content);
        }
        catch (DecoderFallbackException)
        {
            return (ImmutableSortedDictionary<string, string>.Empty, "$CAIRN_OUTPUT is not UTF-8");
        }

        var outputs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.Length == 0)
            {
                continue;
            }

            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var heredoc = line.IndexOf("<<", StringComparison.Ordinal);
            string key;
            string value;
            if (heredoc > 0 && (equals < 0 || heredoc < equals))
            {
                key = line[..heredoc].Trim();
                var delimiter = line[(heredoc + 2)..].Trim();
                if (delimiter.Length == 0)
                {
                    return (outputs.ToImmutable(), $"$CAIRN_OUTPUT line {i + 1}: a delimiter belongs after `<<`");
                }

                var start = i + 1;
                var end = Array.IndexOf(lines, delimiter, start);
                if (end < 0)
                {
                    return (outputs.ToImmutable(), $"$CAIRN_OUTPUT line {i + 1}: no line `{delimiter}` ends the value of `{key}`");
                }

                value = string.Join('\n', lines, start, end - start);
                i = end;
            }
            else if (equals > 0)
            {
                key = line[..equals].Trim();
                value = line[(equals + 1)..];
            }
            else
            {
                return (outputs.ToImmutable(), $"$CAIRN_OUTPUT line {i + 1}: `key=value` was expected");
            }

            if (!IsKey(key))
            {
                return (outputs.ToImmutable(), $"$CAIRN_OUTPUT line {i + 1}: `{key}` is not a key: use letters, digits, `_`, `-` and `.`");
            }

            outputs[key] = value;
            if (outputs.Count > Limits.StepOutputKeysMax)
            {
                return (outputs.ToImmutable(), $"$CAIRN_OUTPUT has more than {Limits.StepOutputKeysMax} keys");
            }
        }

        return (outputs.ToImmutable(), null);
    }

    private static bool IsKey(string key)
    {
        if (key.Length is 0 or > KeyCharsMax || !(char.IsAsciiLetter(key[0]) || key[0] == '_'))
        {
            return false;
        }

        foreach (var c in key)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}
