using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary>
/// <c>go.mod</c>, which since Go 1.17 names every module of a build, with the hashes of <c>go.sum</c> beside it. It tells which modules are direct, and not which of them need the others.
/// </summary>
internal sealed class GoModule : LockFormat
{
    public override string Name => "go.mod";

    public override Ecosystem Ecosystem => Ecosystem.Go;

    public override string Remake => "go mod tidy";

    public override bool IsCompanion(string fileName) => fileName == "go.sum";

    public override void Read(LockReading reading)
    {
        if (!reading.HasConflict(reading.File))
        {
            new Lines(reading).Read();
        }
    }

    private sealed class Lines(LockReading reading)
    {
        private readonly SourceText _text = reading.File.Text;
        private readonly List<(string Path, string Version, bool IsDirect, int Line)> _required = [];
        private readonly Dictionary<(string Path, string? Version), (string Path, string? Version)> _replaced = [];

        public void Read()
        {
            string? module = null;
            string? block = null;
            for (var number = 1; number <= _text.LineCount; number++)
            {
                var words = Words(_text.Line(number), number, out var comment);
                if (words.Count == 0)
                {
                    continue;
                }

                if (block is not null && words is [")"])
                {
                    block = null;
                }
                else if (block is not null)
                {
                    Directive(block, words, comment, number);
                }
                else if (words is [var name, "("])
                {
                    block = name;
                }
                else if (words is ["module", var path])
                {
                    module = path;
                }
                else
                {
                    Directive(words[0], words.GetRange(1, words.Count - 1), comment, number);
                }
            }

            if (block is not null)
            {
                reading.Syntax($"The block `{block}` is not closed", SpanOf(_text.LineCount));
            }

            if (module is null)
            {
                reading.Shape("The file names no `module`", reading.File.Start);
            }

            Build(reading.Graph.Project(module ?? reading.FolderName, null, null, isRoot: true));
        }

        private Diagnostics.SourceSpan SpanOf(int line) => new(_text.Name, line, 1, line, _text.Line(line).Length + 1);

        private void Directive(string name, List<string> words, string comment, int number)
        {
            switch (name)
            {
                case "require" when words is [var path, var version]:
                    var mark = comment.AsSpan().TrimStart();
                    _required.Add((path, version, !(mark.StartsWith("indirect", StringComparison.Ordinal) && (mark.Length == 8 || mark[8] is ';' or ' ')), number));
                    break;
                case "replace" when words.IndexOf("=>") is > 0 and < 3 and var arrow && words.Count - arrow is 2 or 3:
                    _replaced[(words[0], arrow == 2 ? words[1] : null)] = (words[arrow + 1], words.Count - arrow == 3 ? words[arrow + 2] : null);
                    break;
                case "require" or "replace":
                    reading.Syntax($"`{name}` is not followed by what it takes", SpanOf(number));
                    break;
                case "go" or "toolchain" or "godebug" or "exclude" or "retract" or "tool" or "ignore":
                    break;
                default:
                    reading.Syntax($"`{name}` is no directive of a go.mod", SpanOf(number));
                    break;
            }
        }

        private void Build(PackageDraft project)
        {
            var sums = Sums();
            foreach (var (path, version, isDirect, _) in _required)
            {
                var draft = Module(path, version);
                if (!draft.IsProject && sums.TryGetValue((draft.Name, draft.Version ?? ""), out var hash) && !draft.Hashes.Contains(hash))
                {
                    draft.Hashes.Add(hash);
                }

                if (isDirect)
                {
                    reading.Graph.Need(project, draft, DependencyScope.Runtime, version);
                }
            }
        }

        private PackageDraft Module(string path, string version)
        {
            if (!_replaced.TryGetValue((path, version), out var by) && !_replaced.TryGetValue((path, null), out by))
            {
                return reading.Graph.Package(path, version);
            }

            // A replacement without a version is a folder.
            return by.Version is null ? reading.Graph.Project(path, version, by.Path, isRoot: false) : reading.Graph.Package(by.Path, by.Version);
        }

        private Dictionary<(string Path, string Version), PackageHash> Sums()
        {
            const string Prefix = "h1:";
            var sums = new Dictionary<(string, string), PackageHash>();
            if (reading.Beside("go.sum") is not { } file || reading.HasConflict(file))
            {
                return sums;
            }

            for (var number = 1; number <= file.Text.LineCount; number++)
            {
                var words = file.Text.Line(number).Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words is [var path, var version, var sum] && sum.StartsWith(Prefix, StringComparison.Ordinal))
                {
                    if (!version.EndsWith("/go.mod", StringComparison.Ordinal))
                    {
                        sums[(path, version)] = new PackageHash("h1", sum[Prefix.Length..]);
                    }
                }
                else if (words.Length > 0)
                {
                    reading.Syntax("A line of go.sum is a module, its version and a hash", new Diagnostics.SourceSpan(file.Text.Name, number, 1, number, file.Text.Line(number).Length + 1));
                }
            }

            return sums;
        }

        /// <summary>The words of a line, quoted ones without their quotes, and the comment behind them.</summary>
        private List<string> Words(string line, int number, out string comment)
        {
            var words = new List<string>();
            comment = "";
            for (var at = 0; at < line.Length;)
            {
                if (line[at] is ' ' or '\t' or '\r')
                {
                    at++;
                }
                else if (line.AsSpan(at).StartsWith("//", StringComparison.Ordinal))
                {
                    comment = line[(at + 2)..];
                    break;
                }
                else if (line[at] is '"' or '`')
                {
                    var end = line.IndexOf(line[at], at + 1);
                    if (end < 0)
                    {
                        reading.Syntax("The quote is not closed", SpanOf(number));
                        return [];
                    }

                    words.Add(line[(at + 1)..end]);
                    at = end + 1;
                }
                else if (line[at] is '(' or ')')
                {
                    words.Add(line[at..++at]);
                }
                else
                {
                    var start = at;
                    while (at < line.Length && line[at] is not (' ' or '\t' or '\r' or '(' or ')' or '"' or '`') && !line.AsSpan(at).StartsWith("//", StringComparison.Ordinal))
                    {
                        at++;
                    }

                    words.Add(line[start..at]);
                }
            }

            return words;
        }
    }
}
