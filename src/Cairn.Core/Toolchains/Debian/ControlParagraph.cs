using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>
/// A paragraph of a control file (deb822): fields with values that may go on over lines that begin with white space. Names are compared without regard to case; lines that
/// begin with <c>#</c> are comments.
/// </summary>
public sealed class ControlParagraph
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The value of a field, further lines after a newline each; null where there is none.</summary>
    public string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>Reads all paragraphs of a text. Throws <see cref="FormatException"/> for a line that is no part of a field, or a field that is there twice.</summary>
    public static List<ControlParagraph> ReadAll(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var paragraphs = new List<ControlParagraph>();
        ControlParagraph? current = null;
        string? name = null;
        var value = new StringBuilder();
        var number = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.TrimEnd();
            if (line.IsEmpty)
            {
                End();
                current = null;
            }
            else if (line[0] == '#')
            {
                continue;
            }
            else if (line[0] is ' ' or '\t')
            {
                if (name is null)
                {
                    throw new FormatException($"Line {number} goes on with a field, and none has begun");
                }

                value.Append('\n').Append(line.Trim());
            }
            else
            {
                End();
                var colon = line.IndexOf(':');
                if (colon <= 0)
                {
                    throw new FormatException($"Line {number} has no field: `{line}`");
                }

                if (current is null)
                {
                    paragraphs.Add(current = new ControlParagraph());
                }

                name = line[..colon].ToString();
                value.Append(line[(colon + 1)..].Trim());
            }
        }

        End();
        return paragraphs;

        void End()
        {
            if (name is not null && !current!._fields.TryAdd(name, value.ToString()))
            {
                throw new FormatException($"The field `{name}` is there twice, before line {number}");
            }

            name = null;
            value.Clear();
        }
    }

    /// <summary>The words of a field; empty where there is none.</summary>
    public string[] Words(string name) => this[name]?.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];
}
