namespace Cairn.Engine.Projects.Survey;

/// <summary>Python: tests by pytest where the project names it, otherwise by unittest.</summary>
internal static class PythonProjects
{
    private const string Installed = ".deps/python";

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
            var own = ProjectNeedsPackages(listing.Text(Paths.In(folder, "pyproject.toml"))) || listing.Text(Paths.In(folder, "setup.py")).Contains("install_requires", StringComparison.Ordinal) || listing.Text(Paths.In(folder, "setup.cfg")).Contains("install_requires", StringComparison.Ordinal);
            var named = requirements.Where(r => listing.Text(r).Split('\n').Any(l => l.Trim() is { Length: > 0 } line && line[0] != '#')).ToList();
            var what = named.Select(r => "-r " + Paths.Name(r)).ToList();
            if (own)
            {
                what.Add("/tmp/project"); // what building it writes beside its sources is nobody's output
            }

            if (pytest && !named.Exists(r => listing.Text(r).Contains("pytest", StringComparison.Ordinal)))
            {
                what.Add("pytest");
            }

            var source = listing.Below(Paths.In(folder, "src")).Any() ? "src" : ".";
            var steps = new List<DraftStep>();
            if (what.Count > 0)
            {
                steps.Add(new DraftStep("install", (own ? "cp -r . /tmp/project\n" : "") + $"python3 -m pip install --no-input --disable-pip-version-check --target {Installed} {string.Join(' ', what)}")
                {
                    Description = "Downloads what the project names",
                    Comments = ["It asks the package index, so it has the network; the steps after it have not. Pin versions, with hashes at best: each install may bring others otherwise."],
                    Folder = folder,
                    Network = true,
                    Inputs = own ? context.Sources(folder) : [.. named.DefaultIfEmpty(Markers.Select(m => Paths.In(folder, m)).First(listing.Has))],
                    Outputs = [Paths.In(folder, Installed + "/**")],
                    Caches = [("pip", "~/.cache/pip")],
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

    private static bool ProjectNeedsPackages(string pyproject)
    {
        var at = pyproject.IndexOf("\ndependencies", StringComparison.Ordinal);
        if (at < 0)
        {
            return pyproject.Contains("[tool.poetry.dependencies]", StringComparison.Ordinal);
        }

        var open = pyproject.IndexOf('[', at);
        var close = open < 0 ? -1 : pyproject.IndexOf(']', open);
        return close > 0 && pyproject.AsSpan(open + 1, close - open - 1).ContainsAny('"', '\'');
    }
}
