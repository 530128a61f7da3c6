using System.CommandLine;
using System.CommandLine.Completions;
using System.Text;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Commands;
using Cairn.Core.Language;
using Cairn.Engine;
using Cairn.Engine.Dependencies;
using Cairn.Engine.Preparation;

namespace Cairn.Cli.Completion;

/// <summary>
/// Answers <c>cairn __complete WORD…</c>. What a value is, its placeholder in help says: <c>STEP</c>, <c>RUN</c>, <c>FILE</c>, <c>DIR</c>, <c>PACKAGE</c>; so an option
/// completes as soon as it has help. Never fails and never writes to standard error: a shell waits.
/// </summary>
internal static class Completer
{
    public const string CommandName = "__complete";

    private const string Files = ":files";
    private const string Folders = ":folders";
    private const int RunsMax = 50;

    public static int Run(IReadOnlyList<string> words, CommandServices services)
    {
        var text = new StringBuilder();
        foreach (var (value, detail) in Complete(words, services))
        {
            text.Append(value.ReplaceLineEndings(" ")).Append(detail.Length > 0 ? "\t" : "").Append(detail.ReplaceLineEndings(" ")).Append('\n');
        }

        services.Out.Write(text);
        return ExitCodes.Success;
    }

    /// <summary>What may stand in place of the last word.</summary>
    public static List<(string Value, string Detail)> Complete(IReadOnlyList<string> shellWords, CommandServices services)
    {
        var words = JoinEquals(shellWords);
        var current = words.Count > 0 ? words[^1] : "";
        var before = words.Count > 0 ? words.GetRange(0, words.Count - 1) : [];
        var first = GlobalOptions.FirstWord(before);
        var entry = first >= 0 ? CommandCatalog.Find(before[first]) : null;
        if (first >= 0 && entry is null)
        {
            return [];
        }

        var root = entry is null ? RootOnly() : CommandRunner.BuildRoot(services, entry);
        var state = new State(root);
        services = services with { CurrentDirectory = ProjectOf(before, services) };
        foreach (var word in before.Skip(Math.Max(0, first)))
        {
            state.Take(word);
        }

        // `--format=sv`: bash replaces what stands behind the sign, others the whole word.
        var equals = current.StartsWith("--", StringComparison.Ordinal) && !state.IsLiteral ? current.IndexOf('=', StringComparison.Ordinal) : -1;
        if (equals > 0 && state.Pending is null && state.FindOption(current[..equals]) is { } named)
        {
            var isSplit = shellWords.Count > 1 && (shellWords[^1] == "=" || shellWords[^2] == "=");
            var lead = isSplit ? "" : current[..(equals + 1)];
            return [.. Filter(ValuesOf(named, state, services), current[(equals + 1)..]).Select(v => v.Value[0] == ':' ? v : (lead + v.Value, v.Detail))];
        }

        var candidates = state.Pending is { } option ? ValuesOf(option, state, services)
            : current.StartsWith('-') && !state.IsLiteral ? OptionsOf(state)
            : entry is null ? CommandCatalog.All.Select(e => (e.Name, e.Summary))
            : WordsOf(state, services);
        return Filter(candidates, current);
    }

    private static List<(string Value, string Detail)> Filter(IEnumerable<(string Value, string Detail)> candidates, string start) =>
        [.. candidates.Where(c => c.Value is Files or Folders || c.Value.StartsWith(start, StringComparison.Ordinal))];

    /// <summary>The folder of <c>-C</c>, or the nearest one with a pipeline.</summary>
    private static string ProjectOf(List<string> before, CommandServices services)
    {
        var at = before.FindIndex(w => w is "-C" or "--directory");
        if (at >= 0 && at + 1 < before.Count)
        {
            return Path.GetFullPath(Path.Combine(services.CurrentDirectory, before[at + 1]));
        }

        return ProjectOptions.Nearest(services.CurrentDirectory) ?? services.CurrentDirectory;
    }

    private static Command RootOnly()
    {
        var root = new Command("cairn");
        foreach (var option in GlobalOptions.Create())
        {
            root.Add(option);
        }

        return root;
    }

    private static IEnumerable<(string Value, string Detail)> OptionsOf(State state) =>
        state.Options().Where(o => !o.Hidden && (!state.Used.Contains(o) || o.Arity.MaximumNumberOfValues > 1)).Select(o => (o.Name, o.Description ?? ""));

    private static IEnumerable<(string Value, string Detail)> WordsOf(State state, CommandServices services)
    {
        var subcommands = state.Command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name, c.Description ?? ""));
        return state.NextArgument() is { } argument
            ? (state.Arguments.Count == 0 ? subcommands : []).Concat(ValuesOf(argument.HelpName ?? argument.Name, OptionValues.Of(argument), argument.GetCompletions(CompletionContext.Empty), state, services))
            : subcommands;
    }

    private static IEnumerable<(string Value, string Detail)> ValuesOf(Option option, State state, CommandServices services) =>
        ValuesOf(option.HelpName ?? option.Name, OptionValues.Of(option), option.GetCompletions(CompletionContext.Empty), state, services);

    private static IEnumerable<(string Value, string Detail)> ValuesOf(
        string placeholder, IReadOnlyList<string> known, IEnumerable<CompletionItem> items, State state, CommandServices services)
    {
        if (known.Count > 0)
        {
            return items.Select(i => (i.Label, i.Detail ?? ""));
        }

        var name = placeholder.ToUpperInvariant();
        return name switch
        {
            "FILE" => [(Files, "")],
            "DIR" => [(Folders, "")],
            "STEP" => Steps(services),
            "RUN" => Runs(services),
            "PACKAGE" => Packages(services),
            "COMMAND" => CommandWords(state),
            "VALUE" when state.Arguments is [var key, ..] && Engine.Configuration.SettingKeys.Find(key) is { } setting => setting.Choices.Select(c => (c, "")),
            _ when name.StartsWith("NAME=", StringComparison.Ordinal) => Parameters(services),
            _ => [],
        };
    }

    private static IEnumerable<(string Value, string Detail)> CommandWords(State state) =>
        state.Arguments.Count == 0 ? CommandCatalog.All.Select(e => (e.Name, e.Summary)) : [];

    private static IEnumerable<(string Value, string Detail)> Steps(CommandServices services) =>
        ReadPipeline(services)?.Steps.Select(s => (s.Name.Value, s.Description ?? "")) ?? [];

    private static IEnumerable<(string Value, string Detail)> Parameters(CommandServices services) =>
        ReadPipeline(services)?.Parameters.Select(p => (p.Name + "=", p.Description ?? "")) ?? [];

    private static Core.Language.Model.Pipeline? ReadPipeline(CommandServices services)
    {
        try
        {
            return PipelineReader.Read(ProjectOptions.DefaultFile(services.CurrentDirectory), new FileSourceLoader(services.CurrentDirectory)).Pipeline;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static IEnumerable<(string Value, string Detail)> Runs(CommandServices services)
    {
        var runs = new RunHistory(services.CurrentDirectory).List().Take(RunsMax).ToList();
        return runs.Select(r => (r.Id.Value, $"{r.Pipeline}, {StateName(r.State)}"))
            .Prepend(("last", "the newest run")).Take(runs.Count == 0 ? 0 : int.MaxValue);
    }

    private static IEnumerable<(string Value, string Detail)> Packages(CommandServices services)
    {
        try
        {
            return DependencyScanner.Scan(services.CurrentDirectory, "", services.CancellationToken).Graphs
                .SelectMany(g => g.Packages).Select(p => p.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(n => (n, ""));
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string StateName(RunState state) => state switch
    {
        RunState.Succeeded => "succeeded",
        RunState.Failed => "failed",
        RunState.Cancelled => "cancelled",
        RunState.Interrupted => "interrupted",
        _ => "running",
    };

    /// <summary>bash splits words at <c>=</c>; this joins <c>--format</c>, <c>=</c>, <c>svg</c> again.</summary>
    private static List<string> JoinEquals(IReadOnlyList<string> words)
    {
        var joined = new List<string>();
        foreach (var word in words)
        {
            if (joined.Count > 0 && joined[^1].StartsWith("--", StringComparison.Ordinal) && (word == "=" || joined[^1].EndsWith('=')))
            {
                joined[^1] += word;
            }
            else
            {
                joined.Add(word);
            }
        }

        return joined;
    }

    /// <summary>Walks the words before the cursor through the tree.</summary>
    private sealed class State
    {
        private readonly Command _root;

        public State(Command root) => Command = _root = root;

        public Command Command { get; private set; }

        public Option? Pending { get; private set; }

        public bool IsLiteral { get; private set; }

        public List<string> Arguments { get; } = [];

        public HashSet<Option> Used { get; } = [];

        public void Take(string word)
        {
            if (Pending is not null)
            {
                Pending = null;
            }
            else if (IsLiteral)
            {
                Arguments.Add(word);
            }
            else if (word == "--")
            {
                IsLiteral = true;
            }
            else if (word.StartsWith('-') && word.Length > 1)
            {
                var equals = word.IndexOf('=', StringComparison.Ordinal);
                if (FindOption(equals > 0 ? word[..equals] : word) is { } option)
                {
                    Used.Add(option);
                    Pending = equals < 0 && option.ValueType != typeof(bool) ? option : null;
                }
            }
            else if (Arguments.Count == 0 && Command.Subcommands.FirstOrDefault(c => c.Name == word) is { } child)
            {
                Command = child;
            }
            else
            {
                Arguments.Add(word);
            }
        }

        public Option? FindOption(string name) => Options().FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name));

        public IEnumerable<Option> Options() => Command.Options.Concat(ReferenceEquals(Command, _root) ? [] : _root.Options.Where(o => o.Recursive));

        public Argument? NextArgument()
        {
            var index = Arguments.Count;
            foreach (var argument in Command.Arguments)
            {
                if (index < argument.Arity.MaximumNumberOfValues)
                {
                    return argument;
                }

                index -= argument.Arity.MaximumNumberOfValues;
            }

            return null;
        }
    }
}
