namespace Cairn.Engine.Projects.Survey;

/// <summary>Go: each module is tested; one that uses another of the same tree has that one's files among its inputs.</summary>
internal static class GoProjects
{
    // Beside the project: what is unpacked there is nobody's output.
    private const string ModuleCache = "/tmp/gomod";
    private const string Downloads = ".gomod";

    private static readonly (string, string)[] Caches = [("go-build", "~/.cache/go-build")];

    // Modules are fetched over TLS. The C compiler is for what imports "C", as net and os/user of the standard library do.
    private static readonly string[] Packages = ["ca-certificates", "gcc", "golang-go", "libc6-dev"];

    public static IEnumerable<string> Folders(SurveyContext context) => context.Listing.Named("go.mod").Select(Paths.Folder);

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        var listing = context.Listing;
        var modules = Folders(context).Select(f => Module.Read(listing, f)).ToList();
        foreach (var module in modules)
        {
            var work = listing.Named("go.work").FirstOrDefault(w => Paths.IsWithin(module.Folder, Paths.Folder(w)) && Members(listing, w).Contains(module.Folder));
            IEnumerable<Module> Direct(Module of) => modules.Where(m => !ReferenceEquals(m, of) && ((work is not null && of.Requires.Contains(m.Name)) || of.LocalFolders.Contains(m.Folder)));
            var used = References.Closure(module, Direct);
            var inputs = context.Sources(module.Folder);
            inputs.AddRange(used.SelectMany(u => context.Sources(u.Folder)));
            if (work is not null)
            {
                // The go command reads all modules that a workspace names.
                inputs.Add(work);
                inputs.AddRange(listing.Named("go.work.sum").Where(s => Paths.Folder(s) == Paths.Folder(work)));
                inputs.AddRange(modules.Where(m => Members(listing, work).Contains(m.Folder)).SelectMany(m => new[] { Paths.In(m.Folder, "go.mod"), Paths.In(m.Folder, "go.sum") }).Where(listing.Has));
            }

            yield return new FoundProject("go", module.Folder, $"Go module {module.Name}{(used.Count > 0 ? ", which uses " + string.Join(", ", used.Select(u => u.Name)) : "")}")
            {
                Steps = Steps(module, [.. inputs.Distinct(StringComparer.Ordinal)], modules, listing),
                Toolchain = context.Toolchain("go", new[] { module.Least, work is null ? null : LeastOf(listing.Text(work)) }.Max(), Paths.In(module.Folder, "go.mod"), Packages),
            };
        }
    }

    private static Version? LeastOf(string text) => Directives(text, "go").FirstOrDefault() is [var version, ..] ? DebianPrograms.Least(version) : null;

    private static List<DraftStep> Steps(Module module, List<string> inputs, List<Module> modules, SourceListing listing)
    {
        var local = modules.Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        var steps = new List<DraftStep>();
        var environment = new List<(string, string)> { ("GOTOOLCHAIN", "local") };
        var setup = "";
        IReadOnlyList<string> needs = [];
        if (module.Requires.Exists(r => !local.Contains(r)) && !listing.Has(Paths.In(module.Folder, "vendor/modules.txt")))
        {
            // What was downloaded stands for the proxy of modules; go.sum says what is in each.
            setup = $"export GOPROXY=\"file://$PWD/{Downloads}\"\n";
            environment.AddRange([("GOMODCACHE", ModuleCache), ("GOSUMDB", "off")]);
            needs = ["download"];
            steps.Add(new DraftStep("download", $"go mod download\ncp -R {ModuleCache}/cache/download {Downloads}")
            {
                Description = "The modules that go.mod names, checked against go.sum",
                Folder = module.Folder,
                Hosts = FetchHosts.OfGo,
                Environment = [("GOTOOLCHAIN", "local"), ("GOMODCACHE", ModuleCache)],
                Inputs = [.. inputs.Where(i => Paths.Name(i) is "go.mod" or "go.sum" or "go.work" or "go.work.sum").Concat([Paths.In(module.Folder, "go.mod"), Paths.In(module.Folder, "go.sum")]).Where(listing.Has).Distinct(StringComparer.Ordinal)],
                Outputs = [Paths.In(module.Folder, Downloads + "/**"), "!" + Paths.In(module.Folder, Downloads + "/sumdb/**")],
            });
        }
        else
        {
            environment.Add(("GOPROXY", "off"));
        }

        DraftStep Step(string name, string command, string description) => new(name, setup + command)
        {
            Description = description,
            Needs = needs,
            Folder = module.Folder,
            Inputs = inputs,
            Environment = environment,
            Caches = Caches,
        };
        steps.Add(Step("vet", "go vet ./...", "What the compiler lets pass and should not be there"));
        steps.Add(Step("test", "go test ./...", "Compiles all and runs the tests"));
        return steps;
    }

    /// <summary>The folders that a <c>go.work</c> uses.</summary>
    private static HashSet<string> Members(SourceListing listing, string work)
    {
        var members = new HashSet<string>(StringComparer.Ordinal);
        foreach (var words in Directives(listing.Text(work), "use"))
        {
            if (words.Length > 0 && Paths.Resolve(Paths.Folder(work), words[0].Trim('"')) is { } folder)
            {
                members.Add(folder);
            }
        }

        return members;
    }

    /// <summary>The words of each line of a directive, written alone or in brackets.</summary>
    private static IEnumerable<string[]> Directives(string text, string directive)
    {
        var within = false;
        foreach (var raw in text.Split('\n'))
        {
            var comment = raw.IndexOf("//", StringComparison.Ordinal);
            var words = (comment < 0 ? raw : raw[..comment]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (within)
            {
                within = words[0] != ")";
                if (within)
                {
                    yield return words;
                }
            }
            else if (words[0] == directive && words.Length > 1)
            {
                within = words[1] == "(";
                if (!within)
                {
                    yield return words[1..];
                }
            }
        }
    }

    private sealed record Module(string Folder, string Name, Version? Least, List<string> Requires, List<string> LocalFolders)
    {
        public static Module Read(SourceListing listing, string folder)
        {
            var text = listing.Text(Paths.In(folder, "go.mod"));
            var name = Directives(text, "module").FirstOrDefault() is [var first, ..] ? first.Trim('"') : Paths.Name(folder);
            var replaced = Directives(text, "replace").Where(w => Array.IndexOf(w, "=>") is > 0 and var at && at + 1 < w.Length && w[at + 1].StartsWith('.'));
            return new Module(
                folder, name, LeastOf(text), [.. Directives(text, "require").Select(w => w[0].Trim('"'))], [.. replaced.Select(w => Paths.Resolve(folder, w[Array.IndexOf(w, "=>") + 1])).OfType<string>()]);
        }
    }
}
