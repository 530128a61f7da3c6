namespace Cairn.Engine.Projects.Survey;

/// <summary>Python: tests by pytest where the project names it, otherwise by unittest.</summary>
internal static class PythonProjects
{
    private const string Installed = ".deps/python";
    private const string Wheels = ".deps/wheels";

    private const string DeclaredScript =
        "python3 -c 'import tomllib; print(*tomllib.load(open(\"pyproject.toml\", \"rb\"))[\"project\"][\"dependencies\"], sep=\"\\n\")' > /tmp/declared";

    private static readonly string[] Markers = ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"];
    private static readonly string[] PytestFiles = ["pytest.ini", "conftest.py", "tests/conftest.py", "test/conftest.py"];

    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var folder in context.Listing.Named(Markers).Select(Paths.Folder).Distinct(StringComparer.Ordinal))
        {
            if (context.Listing.Below(folder).Any(f => f.EndsWith(".py", StringComparison.Ordinal)))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        foreach (var folder in Folders(context))
        {
            var listing = context.Listing;
            var requirements = listing.Below(folder).Where(f => Paths.Folder(f) == folder && Paths.Name(f).StartsWith("requirements", StringComparison.Ordinal) && f.EndsWith(".txt", StringComparison.Ordinal)).ToList();
            var written = string.Join('\n', Markers.Concat(["tox.ini"]).Select(m => listing.Text(Paths.In(folder, m))).Concat(requirements.Select(listing.Text)));
            var pytest = written.Contains("pytest", StringComparison.Ordinal) || Array.Exists(PytestFiles, f => listing.Has(Paths.In(folder, f)));
            var tests = Tests(listing, folder);
            var declared = HasDependencies(listing.Text(Paths.In(folder, "pyproject.toml")));
            var own = listing.Text(Paths.In(folder, "pyproject.toml")).Contains("[tool.poetry.dependencies]", StringComparison.Ordinal) || listing.Text(Paths.In(folder, "setup.py")).Contains("install_requires", StringComparison.Ordinal) || listing.Text(Paths.In(folder, "setup.cfg")).Contains("install_requires", StringComparison.Ordinal);
            var named = requirements.Where(r => listing.Text(r).Split('\n').Any(l => l.Trim() is { Length: > 0 } line && line[0] != '#')).ToList();
            var what = named.Select(r => "-r " + Paths.Name(r)).ToList();
            if (own)
            {
                what.Add("/tmp/project"); // what building it writes beside its sources is nobody's output
            }
            else if (declared)
            {
                what.Add("-r /tmp/declared");
            }

            if (pytest && !named.Exists(r => listing.Text(r).Contains("pytest", StringComparison.Ordinal)))
            {
                what.Add("pytest");
            }

            var source = listing.Below(Paths.In(folder, "src")).Any() ? "src" : ".";
            var steps = new List<DraftStep>();
            var asked = string.Join(' ', what);
            List<string> manifests = [.. named, .. declared || named.Count == 0 ? [Markers.Select(m => Paths.In(folder, m)).First(listing.Has)] : Array.Empty<string>()];
            if (own)
            {
                steps.Add(new DraftStep("install", $"cp -r . /tmp/project\npython3 -m pip install --no-input --disable-pip-version-check --target {Installed} {asked}")
                {
                    Description = "Downloads what the project names",
                    Comments =
                    [
                        "What it depends on is known only by building it, so this step sees all sources, and has the network; the steps after it have not.",
                        "With `[project] dependencies` in pyproject.toml, or a requirements.txt, `cairn init` writes a step that fetches and is pinned.",
                    ],
                    Folder = folder,
                    Network = true,
                    Inputs = context.Sources(folder),
                    Outputs = [Paths.In(folder, Installed + "/**")],
                    Caches = [("pip", "~/.cache/pip")],
                });
            }
            else if (what.Count > 0)
            {
                steps.Add(new DraftStep("download", (declared ? DeclaredScript + "\n" : "") + $"python3 -m pip download --no-input --disable-pip-version-check --no-cache-dir --only-binary :all: --dest {Wheels} {asked}")
                {
                    Description = "Downloads what the project names",
                    Comments = ["Wheels only: to make one of sources runs code of strangers, with the network. Pin versions, with hashes at best: each fetch may bring others otherwise."],
                    Folder = folder,
                    Hosts = FetchHosts.OfPython(named.Select(listing.Text)),
                    Inputs = manifests,
                    Outputs = [Paths.In(folder, Wheels + "/**")],
                });
                steps.Add(new DraftStep("install", $"python3 -m pip install --no-input --disable-pip-version-check --no-index --no-deps --no-compile --target {Installed} {Wheels}/*")
                {
                    Description = "Unpacks it",
                    Needs = ["download"],
                    Folder = folder,
                    Inputs = manifests,
                    Outputs = [Paths.In(folder, Installed + "/**")],
                });
            }

            var path = what.Count > 0 ? $"{source}:{Installed}" : source;
            var step = new DraftStep("test", pytest ? "python3 -m pytest -p no:cacheprovider" : $"python3 -m unittest discover{(tests is null ? "" : $" -s {tests}")}")
            {
                Description = "Runs the tests",
                Needs = what.Count > 0 ? ["install"] : [],
                Folder = folder,
                Inputs = [.. context.Sources(folder), $"!{Paths.In(folder, "**/__pycache__/**")}"],
                Environment = [("PYTHONPATH", path), ("PYTHONDONTWRITEBYTECODE", "1")],
            };
            steps.Add(pytest || tests is not null ? step : step with
            {
                Name = "check",
                Script = "find . -name '*.py' -exec python3 -c 'import ast, sys; [ast.parse(open(f, \"rb\").read(), f) for f in sys.argv[1:]]' {} +",
                Description = "Parses every file; no tests were found",
            });
            yield return new FoundProject("python", folder, "Python project")
            {
                Steps = steps,
                Toolchain = context.Toolchain(
                    "python", DebianPrograms.Least(RequiresPython(listing, folder)), Paths.In(folder, Markers.First(m => listing.Has(Paths.In(folder, m)))), what.Count > 0 ? ["ca-certificates", "python3", "python3-pip"] : ["python3"]),
            };
        }
    }

    /// <summary>What <c>requires-python</c>, <c>python_requires</c> or Poetry's <c>python</c> says.</summary>
    private static string? RequiresPython(SourceListing listing, string folder)
    {
        foreach (var line in Markers.SelectMany(m => listing.Text(Paths.In(folder, m)).Split('\n')).Select(l => l.Trim()))
        {
            if ((line.StartsWith("requires-python", StringComparison.Ordinal) || line.StartsWith("python_requires", StringComparison.Ordinal) || line.StartsWith("python =", StringComparison.Ordinal))
                && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                return line[(equals + 1)..].Trim(' ', '"', '\'', ',');
            }
        }

        return null;
    }

    private static string? Tests(SourceListing listing, string folder)
    {
        foreach (var path in listing.Below(folder))
        {
            if (Paths.Name(path).StartsWith("test", StringComparison.Ordinal) && path.EndsWith(".py", StringComparison.Ordinal))
            {
                var below = path[Paths.Prefix(folder).Length..];
                var slash = below.IndexOf('/', StringComparison.Ordinal);
                return slash < 0 ? "." : below[..slash];
            }
        }

        return null;
    }

    /// <summary>Whether <c>[project]</c> names packages.</summary>
    private static bool HasDependencies(string pyproject)
    {
        var text = "\n" + pyproject;
        var start = text.IndexOf("\n[project]", StringComparison.Ordinal);
        if (start < 0)
        {
            return false;
        }

        var end = text.IndexOf("\n[", start + 1, StringComparison.Ordinal);
        var section = text[start..(end < 0 ? text.Length : end)];
        var at = section.IndexOf("\ndependencies", StringComparison.Ordinal);
        var open = at < 0 ? -1 : section.IndexOf('[', at);
        var close = open < 0 ? -1 : section.IndexOf(']', open);
        return close > 0 && section.AsSpan(open + 1, close - open - 1).ContainsAny('"', '\'');
    }
}
