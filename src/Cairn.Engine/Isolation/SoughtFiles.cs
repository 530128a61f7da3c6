using System.Buffers;
using System.Text;

namespace Cairn.Engine.Isolation;

/// <summary>A word that may name a file.</summary>
/// <param name="Text">The word.</param>
/// <param name="IsComplaint">Whether it stands in a line that tells of something missing.</param>
/// <param name="IsModule">Whether it is a module's name as Python has them.</param>
internal readonly record struct SoughtWord(string Text, bool IsComplaint, bool IsModule);

/// <summary>Finds in what a step wrote, and in its own command, the words that may name files that it looked for. Pure.</summary>
internal static class SoughtFiles
{
    private const int WordCharsMax = 512;
    private const int WordsMax = 4000;
    private const string NoModule = "No module named";

    // How compilers, shells, libraries and languages tell that a file is not there.
    private static readonly string[] Complaints =
    [
        "no such file", "not found", "cannot find", "can't find", "could not find", "couldn't find", "unable to find", "does not exist", "doesn't exist", "cannot open", "can't open",
        "could not open", "failed to open", "unable to open", "cannot stat", "cannot access", "no module named", "no rule to make target", "enoent", "is missing", "missing ", "cannot read", "can't read",
        "unresolved import", "cannot load", "failed to load", "could not load",
    ];

    private static readonly SearchValues<char> Numbers = SearchValues.Create(".0123456789/");
    private static readonly SearchValues<char> Separators = SearchValues.Create(" \t\r'\"`‘’“”<>()[]{},;=|&:?*!");

    /// <summary>The words of a log's end, each once, complaints first.</summary>
    public static List<SoughtWord> InLog(ReadOnlySpan<byte> log)
    {
        var complaints = new List<SoughtWord>();
        var others = new List<SoughtWord>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var lines = WithoutEscapes(Encoding.UTF8.GetString(log)).Split('\n');
        foreach (var isComplaint in (ReadOnlySpan<bool>)[true, false])
        {
            // What was said last explains most.
            for (var i = lines.Length - 1; i >= 0; i--)
            {
                var line = lines[i];
                if (Complains(line) != isComplaint)
                {
                    continue;
                }

                var module = line.IndexOf(NoModule, StringComparison.Ordinal);
                if (module >= 0)
                {
                    Add(line[(module + NoModule.Length)..], isComplaint: true, isModule: true, seen, complaints);
                }

                Add(line, isComplaint, isModule: false, seen, isComplaint ? complaints : others);
            }
        }

        complaints.AddRange(others);
        return complaints;
    }

    /// <summary>The words of a command, each once.</summary>
    public static List<SoughtWord> InCommand(IEnumerable<string> arguments)
    {
        var words = new List<SoughtWord>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var argument in arguments)
        {
            foreach (var line in argument.Split('\n'))
            {
                if (!line.TrimStart().StartsWith('#'))
                {
                    Add(line, isComplaint: false, isModule: false, seen, words);
                }
            }
        }

        return words;
    }

    /// <summary>A word as a path of the project, or null: <c>/work</c> and <c>./</c> are gone, a folder's <c>..</c> is followed.</summary>
    /// <param name="word">The word.</param>
    /// <param name="folder">The step's folder, relative to the project.</param>
    public static string? ToPath(string word, string folder)
    {
        const string Root = SandboxIsolation.ProjectDirectory;
        if (word.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        var full = Path.GetFullPath(Path.Combine($"{Root}/{folder}", word));
        return full.StartsWith(Root + "/", StringComparison.Ordinal) ? full[(Root.Length + 1)..].TrimEnd('/') : null;
    }

    /// <summary>The files that a module of Python may be.</summary>
    public static IEnumerable<string> FilesOf(string module)
    {
        var path = module.Replace('.', '/');
        yield return path + ".py";
        yield return path + "/__init__.py";
        yield return path;
    }

    private static void Add(string line, bool isComplaint, bool isModule, HashSet<string> seen, List<SoughtWord> words)
    {
        for (var at = 0; at < line.Length && words.Count < WordsMax;)
        {
            var length = line.AsSpan(at).IndexOfAny(Separators);
            length = length < 0 ? line.Length - at : length;
            var word = line.AsSpan(at, length).TrimEnd('.');
            at += length + 1;
            if (word.Length is > 0 and <= WordCharsMax && word[0] != '-' && word[0] != '$' && word.ContainsAnyExcept(Numbers))
            {
                var text = word.ToString();
                if (seen.Add(isModule ? $"module {text}" : text))
                {
                    words.Add(new SoughtWord(text, isComplaint, isModule));
                }

                if (isModule)
                {
                    return;
                }
            }
        }
    }

    private static bool Complains(string line)
    {
        foreach (var complaint in Complaints)
        {
            if (line.Contains(complaint, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Colours and the like removed: compilers put them between a name and the colon behind it.</summary>
    private static string WithoutEscapes(string text)
    {
        if (!text.Contains('\e', StringComparison.Ordinal))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\e')
            {
                clean.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == '[')
            {
                i += 2;
                while (i < text.Length && text[i] is < '@' or > '~')
                {
                    i++;
                }
            }
            else if (i + 1 < text.Length && text[i + 1] == ']')
            {
                // A link or a title, up to its end.
                while (i < text.Length && text[i] != '\a' && !(text[i] == '\\' && text[i - 1] == '\e'))
                {
                    i++;
                }
            }
        }

        return clean.ToString();
    }
}
