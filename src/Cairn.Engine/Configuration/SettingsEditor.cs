using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Store.Files;

namespace Cairn.Engine.Configuration;

/// <summary>Sets a value in a configuration file by editing its text, so that comments and order stay.</summary>
public static class SettingsEditor
{
    /// <summary>Sets a value; the file and its folders are made where they are missing. False after mistakes in the file, which are added: then nothing is written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">A value that the key takes.</param>
    /// <param name="diagnostics">Takes the mistakes.</param>
    public static bool Set(string path, SettingKey key, string value, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(diagnostics);
        var source = SettingsLoader.ReadSource(path, diagnostics);
        var root = source is null ? null : SettingsLoader.Parse(source, diagnostics);
        if (diagnostics.HasErrors)
        {
            return false;
        }

        var edited = Edit(source?.Text ?? "", root, key.Name, Scalar(value));
        if (!Verify(path, edited, key, value))
        {
            diagnostics.Error(
                DiagnosticCodes.ConfigurationUnreadable,
                $"The configuration `{path}` is written in a way that Cairn cannot edit safely",
                SourceSpan.None,
                $"set `{key.Name}` to `{value}` in it by hand");
            return false;
        }

        var target = ResolveLink(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        DurableFile.Replace(target, Encoding.UTF8.GetBytes(edited));
        return true;
    }

    /// <summary>The text with the value set.</summary>
    internal static string Edit(string text, MappingNode? root, string name, string scalar)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var (section, key) = dot < 0 ? (null, name) : (name[..dot], name[(dot + 1)..]);
        if (root is null)
        {
            var entry = section is null ? $"{key}: {scalar}\n" : $"{section}:\n  {key}: {scalar}\n";
            return text.Length == 0 || text.EndsWith('\n') ? text + entry : text + "\n" + entry;
        }

        var lines = new LineIndex(text);
        if (section is null)
        {
            return SetIn(text, lines, root, key, scalar);
        }

        foreach (var entry in root.Entries)
        {
            if (entry.Key.Text != section)
            {
                continue;
            }

            return entry.Value is MappingNode mapping
                ? SetIn(text, lines, mapping, key, scalar)
                // `run:` without content: the first entry goes on the next line.
                : lines.InsertLineAfter(entry.Key.Span.Line, new string(' ', entry.Key.Span.Column + 1) + $"{key}: {scalar}");
        }

        return IsFlow(text, lines, root)
            ? SetIn(text, lines, root, section, $"{{ {key}: {scalar} }}")
            : lines.Append($"{new string(' ', root.Entries[0].Key.Span.Column - 1)}{section}:\n{new string(' ', root.Entries[0].Key.Span.Column + 1)}{key}: {scalar}\n");
    }

    private static string SetIn(string text, LineIndex lines, MappingNode mapping, string key, string scalar)
    {
        foreach (var entry in mapping.Entries)
        {
            if (entry.Key.Text == key)
            {
                var span = entry.Value.Span;
                var isEmpty = entry.Value is ScalarNode { Type: ScalarType.Null, Text.Length: 0 };
                var start = isEmpty ? text.IndexOf(':', lines.Offset(entry.Key.Span.EndLine, entry.Key.Span.EndColumn)) + 1 : lines.Offset(span.Line, span.Column);
                var end = isEmpty ? start : lines.Offset(span.EndLine, span.EndColumn);
                return string.Concat(text.AsSpan(0, start), isEmpty ? " " + scalar : scalar, text.AsSpan(end));
            }
        }

        if (IsFlow(text, lines, mapping))
        {
            var open = lines.Offset(mapping.Span.Line, mapping.Span.Column) + 1;
            var isJson = mapping.Entries.Length > 0 && text[lines.Offset(mapping.Entries[0].Key.Span.Line, mapping.Entries[0].Key.Span.Column)] == '"';
            var name = isJson ? $"\"{key}\"" : key;
            return text.Insert(open, mapping.Entries.IsEmpty ? $" {name}: {scalar} " : $" {name}: {scalar},");
        }

        // Below the last entry of the mapping, as deep as its first.
        var last = mapping.Entries[^1];
        var line = Math.Max(last.Key.Span.EndLine, last.Value.Span is { EndLine: > 0 } end1 ? end1.EndColumn == 1 ? end1.EndLine - 1 : end1.EndLine : 0);
        return lines.InsertLineAfter(line, $"{new string(' ', mapping.Entries[0].Key.Span.Column - 1)}{key}: {scalar}");
    }

    private static bool IsFlow(string text, LineIndex lines, MappingNode mapping) =>
        lines.Offset(mapping.Span.Line, mapping.Span.Column) is var start && start < text.Length && text[start] == '{';

    /// <summary>Quoted where plain YAML would read it as something else.</summary>
    private static string Scalar(string value)
    {
        var plain = value.Length > 0;
        foreach (var c in value)
        {
            plain &= char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/';
        }

        return plain && value[0] is not '-' ? value : $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>The edited text must read as before, but for the key.</summary>
    private static bool Verify(string path, string edited, SettingKey key, string value)
    {
        var bag = new DiagnosticBag();
        var root = SettingsLoader.Parse(new SourceText(path, edited), bag);
        if (bag.HasErrors || root is null)
        {
            return false;
        }

        Node? found = root;
        foreach (var part in key.Name.Split('.'))
        {
            found = found is MappingNode mapping ? Child(mapping, part) : null;
        }

        return found is ScalarNode scalar && scalar.Text == value;
    }

    private static Node? Child(MappingNode mapping, string key)
    {
        foreach (var entry in mapping.Entries)
        {
            if (entry.Key.Text == key)
            {
                return entry.Value;
            }
        }

        return null;
    }

    /// <summary>A dotfile may be a link into a repository: the link stays, its target is replaced.</summary>
    private static string ResolveLink(string path) => File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target ? target.FullName : path;

    private sealed class LineIndex
    {
        private readonly string _text;
        private readonly List<int> _starts = [0];

        public LineIndex(string text)
        {
            _text = text;
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] == '\n' || (text[i] == '\r' && !(i + 1 < text.Length && text[i + 1] == '\n')))
                {
                    _starts.Add(i + 1);
                }
            }
        }

        public int Offset(int line, int column) => Math.Min(_text.Length, _starts[Math.Clamp(line, 1, _starts.Count) - 1] + column - 1);

        public string InsertLineAfter(int line, string content)
        {
            if (line < _starts.Count)
            {
                return _text.Insert(_starts[line], content + "\n");
            }

            return Append(content + "\n");
        }

        public string Append(string content) => _text.Length == 0 || _text.EndsWith('\n') ? _text + content : _text + "\n" + content;
    }
}
