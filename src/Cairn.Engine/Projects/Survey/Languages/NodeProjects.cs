using System.Text.Json;

namespace Cairn.Engine.Projects.Survey;

/// <summary>Node.js: one step installs what the lock file names; each package's scripts are steps, in the order in which the packages of a workspace use each other.</summary>
internal static class NodeProjects
{
    private static readonly string[] Settings = [".npmrc", "pnpm-workspace.yaml", ".yarnrc.yml"];

    private const string Npm = "registry.npmjs.org";

    private static readonly string[] Checks = ["lint", "typecheck", "check"];
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    public static IEnumerable<string> Folders(SurveyContext context) => Packages(context, quiet: false).Select(p => p.Folder);

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        var packages = Packages(context, quiet: true);
        var roots = packages.Where(p => !packages.Exists(r => r.Has(p))).ToList();
        foreach (var root in roots)
        {
            var members = packages.Where(root.Has).ToList();
            var manager = Manager.Of(context.Listing, root.Folder);
            var manifests = members.Prepend(root).Select(p => Paths.In(p.Folder, "package.json")).ToList();
            FoundProject? installed = null;
            if (members.Count > 0 || root.Dependencies.Count > 0)
            {
                installed = Install(root, members, manager, manifests, context);
                yield return installed;
            }

            IEnumerable<Package> Direct(Package package) => members.Where(m => package.Dependencies.Contains(m.Name));
            var made = new Dictionary<string, FoundProject>(StringComparer.Ordinal);
            foreach (var package in References.InOrder([root, .. members], Direct))
            {
                var used = References.Closure(package, Direct);
                List<(FoundProject, string)> needs = installed is null ? [] : [(installed, "install")];
                needs.AddRange(used.Where(u => made.TryGetValue(u.Name, out var p) && p.Steps.Any(s => s.Name == "build")).Select(u => (made[u.Name], "build")));
                var inputs = new List<string>(manifests);
                inputs.AddRange(context.Listing.Below(root.Folder).Where(f => Paths.Folder(f) == root.Folder && Paths.Name(f).StartsWith("tsconfig", StringComparison.Ordinal)));
                inputs.AddRange(used.Prepend(package).SelectMany(u => context.Sources(u.Folder)));
                var project = new FoundProject("node", package.Folder, $"Package {package.Name}{(used.Count > 0 ? ", which uses " + string.Join(", ", used.Select(u => u.Name)) : "")}")
                {
                    Steps = Steps(package, manager, needs, [.. inputs.Distinct(StringComparer.Ordinal)], context.Listing),
                    Toolchain = Toolchain(context, root, members, manager),
                };
                made[package.Name] = project;
                yield return project;
            }
        }
    }

    /// <summary>Node and npm of Debian; pnpm, and the yarn that projects mean, are none of its packages.</summary>
    private static DraftToolchain? Toolchain(SurveyContext context, Package root, List<Package> members, Manager manager) =>
        !manager.Run.StartsWith("npm", StringComparison.Ordinal) ? null
        : context.Toolchain("node", members.Prepend(root).Select(p => DebianPrograms.Least(p.Engine)).Max(), Paths.In(root.Folder, "package.json"), "ca-certificates", "nodejs", "npm");

    private static FoundProject Install(Package root, List<Package> members, Manager manager, List<string> manifests, SurveyContext context)
    {
        var outputs = members.Count > 0 ? "**/node_modules/**" : "node_modules/**";
        return new FoundProject("npm", root.Folder, members.Count > 0 ? $"Workspace of {string.Join(", ", members.Select(m => m.Name))}" : "What package.json names")
        {
            Label = root.Folder.Length == 0 ? "npm" : null,
            Toolchain = Toolchain(context, root, members, manager),
            Steps =
            [
                new DraftStep("install", manager.Install)
                {
                    Description = "Downloads what the packages name",
                    Comments =
                    [
                        "Scripts of packages do not run here: where one needs them, `npm rebuild` in a step of its own runs them without the network.",
                        .. manager.Lock is null ? ["Commit a lock file: without it each fetch may bring other versions."] : Array.Empty<string>(),
                    ],
                    Folder = root.Folder,
                    Hosts = FetchHosts.OfNode(manager.Registry, string.Join('\n', Settings.Select(n => context.Listing.Text(Paths.In(root.Folder, n)))), manager.Lock is { } locked ? context.Listing.Text(locked) : ""),
                    Inputs = [.. manifests, .. manager.Lock is { } file ? [file] : Array.Empty<string>(), .. Settings.Select(n => Paths.In(root.Folder, n)).Where(context.Listing.Has)],
                    Outputs = [Paths.In(root.Folder, outputs), .. manager.Notes.Select(n => "!" + Paths.In(root.Folder, outputs.Replace("/**", "/" + n, StringComparison.Ordinal)))],
                },
            ],
        };
    }

    private static List<DraftStep> Steps(Package package, Manager manager, List<(FoundProject, string)> needs, List<string> inputs, SourceListing listing)
    {
        var steps = new List<DraftStep>();
        DraftStep Step(string name, string script) => new(name, $"{manager.Run} {script}") { Folder = package.Folder, NeedsOf = needs, Inputs = inputs };
        var builds = package.Scripts.Contains("build");
        if (builds)
        {
            steps.Add(Step("build", "build") with { Outputs = [Paths.In(package.Folder, OutputFolder(package, listing) + "/**")] });
        }

        foreach (var check in Checks)
        {
            if (package.Scripts.Contains(check))
            {
                steps.Add(Step(check, check));
            }
        }

        if (package.Scripts.Contains("test"))
        {
            steps.Add(Step("test", "test") with { Needs = builds ? ["build"] : [] });
        }

        return steps;
    }

    /// <summary>Where a package's build writes: what TypeScript's configuration says, else where the package's entry stands, else <c>dist</c>.</summary>
    private static string OutputFolder(Package package, SourceListing listing)
    {
        try
        {
            if (listing.Read(Paths.In(package.Folder, "tsconfig.json")) is { } text)
            {
                using var json = JsonDocument.Parse(text, Lenient);
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("compilerOptions", out var options) && options.ValueKind == JsonValueKind.Object
                    && options.TryGetProperty("outDir", out var folder) && folder.ValueKind == JsonValueKind.String && Paths.Resolve("", folder.GetString()!) is { Length: > 0 } given)
                {
                    return given;
                }
            }
        }
        catch (JsonException)
        {
            // TypeScript is more lenient still; then the usual folder is as good a guess.
        }

        var main = package.Main is { } entry && Paths.Resolve("", entry) is { } path && path.Contains('/', StringComparison.Ordinal) ? path[..path.IndexOf('/', StringComparison.Ordinal)] : "dist";
        return main == "src" ? "dist" : main;
    }

    private static List<Package> Packages(SurveyContext context, bool quiet)
    {
        var packages = new List<Package>();
        foreach (var path in context.Listing.Named("package.json"))
        {
            try
            {
                using var json = JsonDocument.Parse(context.Listing.Text(path), Lenient);
                if (json.RootElement.ValueKind == JsonValueKind.Object)
                {
                    packages.Add(Package.Read(Paths.Folder(path), json.RootElement, context.Listing));
                }
            }
            catch (JsonException exception)
            {
                if (!quiet)
                {
                    context.Note($"{path} is not JSON and is left out: {exception.Message}");
                }
            }
        }

        return packages;
    }

    /// <param name="Install">The command that installs.</param>
    /// <param name="Run">What runs a script of a package.</param>
    /// <param name="Lock">The lock file.</param>
    /// <param name="Registry">The host that it asks by itself.</param>
    /// <param name="Notes">What it notes for itself beside the packages, with the time.</param>
    private sealed record Manager(string Install, string Run, string? Lock, string Registry, params string[] Notes)
    {
        public static Manager Of(SourceListing listing, string folder)
        {
            string? Find(params string[] names) => names.Select(n => Paths.In(folder, n)).FirstOrDefault(listing.Has);
            return Find("pnpm-lock.yaml") is { } pnpm ? new Manager("pnpm install --frozen-lockfile --ignore-scripts", "pnpm run", pnpm, Npm, ".modules.yaml", ".pnpm-workspace-state*.json")
                : Find("yarn.lock") is { } yarn ? new Manager("yarn install --frozen-lockfile --ignore-scripts", "yarn run", yarn, "registry.yarnpkg.com")
                : Find("package-lock.json", "npm-shrinkwrap.json") is { } npm ? new Manager("npm ci --ignore-scripts --no-audit --no-fund", "npm run", npm, Npm)
                : new Manager("npm install --no-package-lock --ignore-scripts --no-audit --no-fund", "npm run", null, Npm);
        }
    }

    private sealed record Package(string Folder, string Name, HashSet<string> Scripts, HashSet<string> Dependencies, HashSet<string> Members, string? Main, string? Engine)
    {
        public static Package Read(string folder, JsonElement json, SourceListing listing)
        {
            var scripts = new HashSet<string>(StringComparer.Ordinal);
            if (json.TryGetProperty("scripts", out var written) && written.ValueKind == JsonValueKind.Object)
            {
                // What `npm init` writes is no test.
                scripts.UnionWith(written.EnumerateObject().Where(s => s.Value.ValueKind == JsonValueKind.String && !s.Value.GetString()!.Contains("no test specified", StringComparison.Ordinal)).Select(s => s.Name));
            }

            var dependencies = new HashSet<string>(StringComparer.Ordinal);
            foreach (var section in new[] { "dependencies", "devDependencies", "optionalDependencies", "peerDependencies" })
            {
                if (json.TryGetProperty(section, out var names) && names.ValueKind == JsonValueKind.Object)
                {
                    dependencies.UnionWith(names.EnumerateObject().Select(n => n.Name));
                }
            }

            var name = Text(json, "name") ?? (folder.Length == 0 ? "at the top" : Paths.Name(folder));
            return new Package(folder, name, scripts, dependencies, Workspaces(folder, json, listing), Text(json, "main"), json.TryGetProperty("engines", out var engines) && engines.ValueKind == JsonValueKind.Object ? Text(engines, "node") : null);
        }

        public bool Has(Package other) => Members.Contains(other.Folder);

        private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        /// <summary>The folders that <c>workspaces</c>, or pnpm's own file, names: a path, or all folders of one.</summary>
        private static HashSet<string> Workspaces(string folder, JsonElement json, SourceListing listing)
        {
            var patterns = new List<string>();
            if (json.TryGetProperty("workspaces", out var workspaces))
            {
                var list = workspaces.ValueKind == JsonValueKind.Object && workspaces.TryGetProperty("packages", out var inner) ? inner : workspaces;
                if (list.ValueKind == JsonValueKind.Array)
                {
                    patterns.AddRange(list.EnumerateArray().Where(p => p.ValueKind == JsonValueKind.String).Select(p => p.GetString()!));
                }
            }

            foreach (var line in listing.Text(Paths.In(folder, "pnpm-workspace.yaml")).Split('\n'))
            {
                if (line.TrimStart().StartsWith("- ", StringComparison.Ordinal))
                {
                    patterns.Add(line.Trim()[2..].Trim('\'', '"', ' '));
                }
            }

            var members = new HashSet<string>(StringComparer.Ordinal);
            foreach (var candidate in listing.Named("package.json").Select(Paths.Folder))
            {
                if (candidate.Length > folder.Length && patterns.Exists(p => Fits(Paths.Resolve(folder, p), candidate)))
                {
                    members.Add(candidate);
                }
            }

            return members;
        }

        private static bool Fits(string? pattern, string folder) =>
            pattern is not null && (pattern == folder
                || (pattern.EndsWith("/**", StringComparison.Ordinal) && Paths.IsWithin(folder, pattern[..^3]))
                || (pattern.EndsWith("/*", StringComparison.Ordinal) && Paths.Folder(folder) == pattern[..^2]));
    }
}
