using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A link that stands for one of several programs, by way of <c>/etc/alternatives</c>.</summary>
/// <param name="Link">The link, absolute.</param>
/// <param name="Name">Its name in <c>/etc/alternatives</c>.</param>
/// <param name="Path">What it leads to.</param>
public sealed record AlternativeLink(string Link, string Name, string Path);

/// <summary>What a package offers for such a link.</summary>
/// <param name="Main">The link that is chosen.</param>
/// <param name="Priority">The higher is chosen.</param>
/// <param name="Followers">Links that go with it.</param>
public sealed record Alternative(AlternativeLink Main, int Priority, ImmutableArray<AlternativeLink> Followers);

/// <summary>What a package would do when it is configured.</summary>
/// <param name="Alternatives">Links that it registers.</param>
/// <param name="Unhandled">What it does beyond that matters, and is not done: each <c>line N: command</c>.</param>
public sealed record MaintainerScript(ImmutableArray<Alternative> Alternatives, ImmutableArray<string> Unhandled)
{
    private const int LoopsMax = 1_000;

    /// <summary>Looks at a script of a package. It is never run.</summary>
    public static MaintainerScript Read(string package, string script)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(script);
        if (!script.StartsWith("#!", StringComparison.Ordinal))
        {
            return new MaintainerScript([], ["it is no script but a program"]);
        }

        var shell = script.AsSpan(2, Math.Max(0, script.IndexOf('\n', StringComparison.Ordinal) - 2)).Trim();
        var isShell = shell.Contains("sh", StringComparison.Ordinal);
        if (!isShell)
        {
            return new MaintainerScript([], PackageScripts.IsKnown(package, shell.ToString()) ? [] : [$"it is a script of {shell}"]);
        }

        try
        {
            var (commands, functions) = ShellCommands.Read(script);
            var meaning = new Meaning(package, functions);
            meaning.Run(commands, 0, commands.Count);
            return new MaintainerScript([.. meaning.Alternatives], [.. meaning.Unhandled.Distinct(StringComparer.Ordinal)]);
        }
        catch (FormatException exception)
        {
            return new MaintainerScript([], [exception.Message]);
        }
    }

    private sealed class Meaning(string package, HashSet<string> functions)
    {
        private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
        private int _loops;

        public List<Alternative> Alternatives { get; } = [];

        public List<string> Unhandled { get; } = [];

        public void Run(List<ShellCommand> commands, int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                var command = commands[i];
                if (command.Words is [{ IsQuoted: false, Text: "for" }, var variable, { Text: "in" }, .. var items] && ++_loops < LoopsMax)
                {
                    var end = EndOfLoop(commands, i + 1, to);
                    foreach (var item in Expand(items))
                    {
                        _variables[variable.Text] = item;
                        Run(commands, i + 1, end);
                    }

                    i = end;
                    continue;
                }

                Look(command);
            }
        }

        private static int EndOfLoop(List<ShellCommand> commands, int from, int to)
        {
            var depth = 1;
            for (var i = from; i < to; i++)
            {
                depth += commands[i].Words is [{ IsQuoted: false, Text: "for" or "while" or "until" }, ..] ? 1 : commands[i].Words is [{ Text: "done" }] ? -1 : 0;
                if (depth == 0)
                {
                    return i;
                }
            }

            return to;
        }

        private void Look(ShellCommand command)
        {
            var words = command.Words;
            while (words.Count > 0 && Assignment(words[0].Text) is var (name, value))
            {
                // What only running it would tell leaves a variable as it is.
                if (!value.Contains(ShellWord.Opaque, StringComparison.Ordinal))
                {
                    _variables[name] = Expand(value) ?? "";
                }

                words = words[1..];
            }

            foreach (var target in command.Writes)
            {
                if (!PackageScripts.MayWrite(package, Expand(target) ?? target))
                {
                    Unhandled.Add($"line {command.Line}: writes {Show(target)}");
                }
            }

            if (words.Count == 0)
            {
                return;
            }

            var program = words[0].Text;
            var slash = program.LastIndexOf('/');
            program = slash < 0 ? program : program[(slash + 1)..];
            if (program is "exec" or "command" or "env" or "eval" && words.Count > 1 && !words[1].Text.StartsWith('-'))
            {
                Look(command with { Words = words[1..], Writes = [] });
            }
            else if (program is "update-alternatives")
            {
                Register(command.Line, Expand(words[1..]));
            }
            else if (!functions.Contains(program) && !PackageScripts.IsHandled(package, program))
            {
                Unhandled.Add($"line {command.Line}: {Show(string.Join(' ', words.Take(6).Select(static w => w.Text)))}");
            }
        }

        /// <summary>Takes <c>--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…</c>; what removes or asks has nothing to do in a new tree.</summary>
        private void Register(int line, List<string> words)
        {
            var at = words.IndexOf("--install");
            if (at < 0)
            {
                return;
            }

            if (words.Count < at + 5 || !int.TryParse(words[at + 4], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) || Link(words, at + 1) is not { } main)
            {
                Unhandled.Add($"line {line}: update-alternatives {Show(string.Join(' ', words))}");
                return;
            }

            var followers = ImmutableArray.CreateBuilder<AlternativeLink>();
            for (var i = at + 5; i < words.Count; i++)
            {
                if (words[i] is "--slave" && Link(words, i + 1) is { } follower)
                {
                    followers.Add(follower);
                    i += 3;
                }
            }

            Alternatives.Add(new Alternative(main, priority, followers.ToImmutable()));
        }

        private static AlternativeLink? Link(List<string> words, int at)
        {
            if (words.Count < at + 3 || !words[at].StartsWith('/') || !words[at + 2].StartsWith('/') || words[at + 1].Contains('/', StringComparison.Ordinal))
            {
                return null;
            }

            return words[at].Contains(ShellWord.Opaque, StringComparison.Ordinal) || words[at + 1].Contains(ShellWord.Opaque, StringComparison.Ordinal) || words[at + 2].Contains(ShellWord.Opaque, StringComparison.Ordinal)
                ? null
                : new AlternativeLink(words[at], words[at + 1], words[at + 2]);
        }

        private List<string> Expand(IEnumerable<ShellWord> words)
        {
            var expanded = new List<string>();
            foreach (var word in words)
            {
                var text = Expand(word.Text) ?? word.Text;
                if (word.IsQuoted || !word.Text.Contains('$', StringComparison.Ordinal))
                {
                    expanded.Add(text);
                }
                else
                {
                    expanded.AddRange(text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries));
                }
            }

            return expanded;
        }

        /// <summary>Puts variables in; null where an argument of the script is among them.</summary>
        private string? Expand(string text)
        {
            if (!text.Contains('$', StringComparison.Ordinal))
            {
                return text;
            }

            var result = new StringBuilder();
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] != '$' || i + 1 == text.Length)
                {
                    result.Append(text[i]);
                    continue;
                }

                var start = i + 1;
                var braced = text[start] == '{';
                start += braced ? 1 : 0;
                var end = start;
                while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
                {
                    end++;
                }

                if (end == start || char.IsAsciiDigit(text[start]) || (braced && (end == text.Length || text[end] != '}')))
                {
                    return null;
                }

                // The tree is the root, and the scripts of a new one have no earlier version.
                result.Append(_variables.GetValueOrDefault(text[start..end], ""));
                i = braced ? end : end - 1;
            }

            return result.ToString();
        }

        private static (string Name, string Value)? Assignment(string word)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || char.IsAsciiDigit(word[0]))
            {
                return null;
            }

            foreach (var c in word.AsSpan(0, equals))
            {
                if (!char.IsAsciiLetterOrDigit(c) && c != '_')
                {
                    return null;
                }
            }

            return (word[..equals], word[(equals + 1)..]);
        }

        private static string Show(string text) => text.Replace(ShellWord.Dollar, '$').Replace(ShellWord.Opaque.ToString(), "$(…)", StringComparison.Ordinal);
    }
}
