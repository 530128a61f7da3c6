using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>Gemfile.lock</c> and <c>gems.locked</c>: sections with indented lines.</summary>
internal sealed class GemfileLock : LockFormat
{
    private const string Registry = "https://rubygems.org/";

    public override string Name => "Gemfile.lock";

    public override Ecosystem Ecosystem => Ecosystem.RubyGems;

    public override string Remake => "bundle lock --update";

    public override bool Takes(string fileName) => fileName is "Gemfile.lock" or "gems.locked";

    public override void Read(LockReading reading)
    {
        if (!reading.HasConflict(reading.File))
        {
            new Sections(reading).Read();
        }
    }

    private sealed class Sections(LockReading reading)
    {
        private readonly SourceText _text = reading.File.Text;
        private readonly Dictionary<string, List<PackageDraft>> _gems = new(StringComparer.Ordinal);
        private readonly Dictionary<(string Name, string? Version), PackageDraft> _exact = [];
        private readonly List<(PackageDraft From, string Name, string? Requirement, int Line)> _needs = [];
        private string _section = "";
        private string? _remote;
        private string? _revision;
        private PackageDraft? _gem;

        public void Read()
        {
            var project = reading.Graph.Project(reading.FolderName, null, null, isRoot: true);
            for (var number = 1; number <= _text.LineCount; number++)
            {
                var line = _text.Line(number).TrimEnd();
                if (line.Length == 0)
                {
                    continue;
                }

                var indent = line.Length - line.AsSpan().TrimStart(' ').Length;
                if (indent == 0)
                {
                    (_section, _remote, _revision, _gem) = (line, null, null, null);
                }
                else
                {
                    Line(project, line[indent..], indent, number);
                }
            }

            foreach (var (from, name, requirement, number) in _needs)
            {
                // Bundler needs itself without being locked.
                if (!_gems.TryGetValue(name, out var found))
                {
                    if (name != "bundler")
                    {
                        reading.Unresolved(from.Name, name, SpanOf(number));
                    }

                    continue;
                }

                reading.Graph.NeedAll(from, found, DependencyScope.Runtime, requirement);
            }
        }

        private Diagnostics.SourceSpan SpanOf(int line) => new(_text.Name, line, 1, line, _text.Line(line).Length + 1);

        private void Line(PackageDraft project, string line, int indent, int number)
        {
            switch (_section)
            {
                case "GEM" or "GIT" or "PATH" or "PLUGIN SOURCE":
                    Source(line, indent, number);
                    break;
                case "DEPENDENCIES":
                    var (name, requirement) = Split(line.TrimEnd('!'));
                    _needs.Add((project, name, requirement, number));
                    break;
                case "CHECKSUMS":
                    Sum(line);
                    break;
            }
        }

        private void Source(string line, int indent, int number)
        {
            if (indent == 2)
            {
                _remote = line.StartsWith("remote: ", StringComparison.Ordinal) ? line["remote: ".Length..] : _remote;
                _revision = line.StartsWith("revision: ", StringComparison.Ordinal) ? line["revision: ".Length..] : _revision;
            }
            else if (indent == 4)
            {
                var (name, version) = Split(line);
                if (version is null)
                {
                    reading.Shape($"The gem `{name}` has no version in parentheses", SpanOf(number));
                    _gem = null;
                    return;
                }

                _gem = Gem(name, version);
                if (!_gems.TryGetValue(name, out var same))
                {
                    _gems[name] = same = [];
                }

                same.Add(_gem);
                _exact[(name, version)] = _gem;
            }
            else if (_gem is not null)
            {
                var (name, requirement) = Split(line.TrimEnd('!'));
                _needs.Add((_gem, name, requirement, number));
            }
            else
            {
                reading.Syntax("The line belongs to no gem", SpanOf(number));
            }
        }

        private PackageDraft Gem(string name, string text)
        {
            if (_section == "PATH")
            {
                return reading.Graph.Project(name, text, _remote, isRoot: false);
            }

            // A gem with native code has one version for each platform: 1.16.0-x86_64-linux.
            var dash = text.IndexOf('-', StringComparison.Ordinal);
            var isGit = _section == "GIT";
            var source = isGit ? $"git+{_remote}@{_revision}" : _remote is null or Registry or "http://rubygems.org/" ? null : _remote;
            var draft = reading.Graph.Package(name, text, source);
            if (source is not null)
            {
                draft.Qualifiers[isGit ? "vcs_url" : "repository_url"] = source;
            }

            if (dash > 0)
            {
                draft.PurlVersion = text[..dash];
                draft.Qualifiers["platform"] = text[(dash + 1)..];
            }

            return draft;
        }

        private void Sum(string line)
        {
            var close = line.IndexOf(") ", StringComparison.Ordinal);
            if (close < 0)
            {
                return;
            }

            var (name, version) = Split(line[..(close + 1)]);
            foreach (var sum in line[(close + 2)..].Split(',', StringSplitOptions.TrimEntries))
            {
                var equals = sum.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0 && Hashes.Of(sum[..equals], sum[(equals + 1)..]) is { } hash)
                {
                    _exact.GetValueOrDefault((name, version))?.Hashes.Add(hash);
                }
            }
        }

        /// <summary><c>name (what)</c>.</summary>
        private static (string Name, string? InParentheses) Split(string line)
        {
            var open = line.IndexOf(" (", StringComparison.Ordinal);
            return open < 0 ? (line, null) : (line[..open], line[(open + 2)..].TrimEnd(')'));
        }
    }
}
