using System.Text;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Dependencies.Formats;

/// <summary>
/// <c>requirements.txt</c> and others of that kind, as pip-tools and uv compile them: pinned versions, hashes, and comments <c># via</c> that tell what needs a package. Without such
/// comments all packages are direct.
/// </summary>
internal sealed class Requirements : LockFormat
{
    public override string Name => "requirements.txt";

    public override Ecosystem Ecosystem => Ecosystem.PyPI;

    public override string Remake => "uv pip compile --generate-hashes requirements.in -o requirements.txt";

    public override bool Takes(string fileName) => fileName.StartsWith("requirements", StringComparison.Ordinal) && fileName.EndsWith(".txt", StringComparison.Ordinal);

    public override void Read(LockReading reading)
    {
        if (!reading.HasConflict(reading.File))
        {
            new Lines(reading).Read();
        }
    }

    private sealed class Lines(LockReading reading)
    {
        private const string HashOption = "--hash";

        private readonly PythonPackages _packages = new();
        private readonly List<(PackageDraft Draft, List<string> Via, string? Requirement)> _entries = [];
        private List<string>? _via;
        private bool _inVia;

        public void Read()
        {
            var text = reading.File.Text;
            for (var number = 1; number <= text.LineCount; number++)
            {
                var first = number;
                var line = text.Line(number);
                if (IsComment(line))
                {
                    Via(line);
                    continue;
                }

                // A backslash joins lines. Comments are no part of that.
                if (line.EndsWith('\\'))
                {
                    var joined = new StringBuilder(line, 0, line.Length - 1, 256);
                    for (var goesOn = true; goesOn && number < text.LineCount;)
                    {
                        var next = text.LineSpan(++number).Trim();
                        goesOn = next is [.., '\\'];
                        joined.Append(' ').Append(goesOn ? next[..^1] : next);
                    }

                    line = joined.ToString();
                }

                Line(line, new SourceSpan(text.Name, first, 1, number, text.LineSpan(number).Length + 1));
            }

            Connect();
        }

        private static bool IsComment(string line) => line.AsSpan().TrimStart() is ['#', ..];

        private void Line(string line, SourceSpan span)
        {
            var comment = line.StartsWith('#') ? 0 : line.IndexOf(" #", StringComparison.Ordinal);
            var behind = comment < 0 ? "" : line[(comment + 1)..];
            line = (comment < 0 ? line : line[..comment]).Trim();
            (_via, _inVia) = (null, false);
            if (line.Length == 0)
            {
                return;
            }

            if (line.StartsWith('-'))
            {
                Option(line, span);
            }
            else
            {
                Package(line, span);
            }

            Via(behind);
        }

        private void Option(string line, SourceSpan span)
        {
            var space = line.IndexOfAny([' ', '=', '\t']);
            var (name, value) = space < 0 ? (line, "") : (line[..space], line[(space + 1)..].Trim());
            if (name is not ("-e" or "--editable"))
            {
                // Indexes, constraints and switches; a file that is included is read by itself.
                return;
            }

            if (value.Length == 0)
            {
                reading.Syntax("`-e` is followed by a folder or a URL", span);
                return;
            }

            Add(reading.Graph.Project(PythonNames.Normalize(Hashes.FileOf(value.TrimEnd('/'))) is { Length: > 0 } named ? named : value, null, value, isRoot: false), null);
        }

        private void Package(string line, SourceSpan span)
        {
            var hashes = line.IndexOf(HashOption, StringComparison.Ordinal);
            var requirement = (hashes < 0 ? line : line[..hashes]).Trim();
            var (name, rest) = PythonNames.Split(requirement);
            if (name.Length == 0 || (rest.Length > 0 && rest[0] is not ('=' or '<' or '>' or '!' or '~' or '@' or '(')))
            {
                // A path or a URL alone is allowed too, and has no name.
                if (!requirement.StartsWith('.') && !requirement.StartsWith('/') && !requirement.Contains("://", StringComparison.Ordinal))
                {
                    reading.Syntax("The line is no requirement such as `name==1.0`", span);
                }

                return;
            }

            PackageDraft draft;
            if (rest.StartsWith('@'))
            {
                var url = rest[1..].Trim();
                draft = reading.Graph.Package(name, null, url);
                draft.Qualifiers[url.StartsWith("git+", StringComparison.Ordinal) ? "vcs_url" : "download_url"] = url;
            }
            else
            {
                var version = rest.StartsWith("==", StringComparison.Ordinal) && !rest.Contains('*', StringComparison.Ordinal) && !rest.Contains(',', StringComparison.Ordinal)
                    ? rest.TrimStart('=').Trim() : null;
                if (version is null)
                {
                    reading.NotPinned(name, rest.Length == 0 ? "any will do" : $"`{rest}`", span, $"Compile the file: `{reading.RemakeCommand}`");
                }

                draft = reading.Graph.Package(name, version);
            }

            foreach (var word in hashes < 0 ? [] : line[hashes..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (word.StartsWith(HashOption, StringComparison.Ordinal) && word.Length > HashOption.Length && Hashes.OfText(word.AsSpan(HashOption.Length + 1)) is { } hash)
                {
                    draft.Hashes.Add(hash);
                }
            }

            Add(draft, rest.Length == 0 ? null : rest);
        }

        private void Add(PackageDraft draft, string? requirement)
        {
            _via = [];
            _packages.Add(draft);
            _entries.Add((draft, _via, requirement));
        }

        /// <summary><c># via flask</c>, <c># via -r requirements.in</c>, or <c># via</c> with a name on each of the lines that follow.</summary>
        private void Via(string comment)
        {
            var text = comment.AsSpan().Trim().TrimStart('#').Trim();
            if (_via is null || text.IsEmpty)
            {
                return;
            }

            if (text is "via" || text.StartsWith("via ", StringComparison.Ordinal))
            {
                _inVia = true;
                text = text[3..].Trim();
            }

            if (!_inVia || text.IsEmpty)
            {
                return;
            }

            // Older versions write several on one line.
            foreach (var name in text.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                _via.Add(name);
            }
        }

        private void Connect()
        {
            var project = reading.Graph.Project(reading.FolderName, null, null, isRoot: true);
            foreach (var (draft, via, requirement) in _entries)
            {
                var isNeeded = false;
                foreach (var by in via)
                {
                    // Names of projects in parentheses, `-r FILE` and `-c FILE` tell that a person asked for it.
                    var parents = by.StartsWith('-') || by.Contains(' ', StringComparison.Ordinal) ? [] : _packages.Find(PythonNames.Normalize(by));
                    isNeeded |= parents.Count > 0;
                    foreach (var parent in parents)
                    {
                        if (!reading.Graph.Need(parent, draft, DependencyScope.Runtime, null))
                        {
                            break;
                        }
                    }

                    if (parents.Count == 0 && !by.StartsWith("-c", StringComparison.Ordinal))
                    {
                        reading.Graph.Need(project, draft, DependencyScope.Runtime, requirement);
                        isNeeded = true;
                    }
                }

                if (!isNeeded)
                {
                    reading.Graph.Need(project, draft, DependencyScope.Runtime, requirement);
                }
            }
        }
    }
}
