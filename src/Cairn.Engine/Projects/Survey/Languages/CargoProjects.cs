namespace Cairn.Engine.Projects.Survey;

/// <summary>Rust: a workspace, or a package for itself, is what Cargo builds and tests as a whole.</summary>
internal static class CargoProjects
{
    private const string Vendor = ".cargo-vendor";

    // Cargo prints the settings by which what it vendored stands for the registries; the folder in them is that of whoever asks.
    private const string VendorSettings = Vendor + "/config.toml";

    // Stubs stand for sources that fetching does not need, so that it runs again only where a manifest changes.
    private const string FetchScript =
        """
        mkdir /tmp/fetch
        cp -r . /tmp/fetch
        find /tmp/fetch -name Cargo.toml | while read -r manifest; do
          mkdir -p "${manifest%/*}/src"
          touch "${manifest%/*}/src/lib.rs"
        done
        """;

    public static IEnumerable<string> Folders(SurveyContext context)
    {
        var found = new List<string>();
        foreach (var manifest in context.Listing.Named("Cargo.toml"))
        {
            var folder = Paths.Folder(manifest);
            if (!found.Exists(f => Paths.IsWithin(folder, f) && context.Listing.Text(Paths.In(f, "Cargo.toml")).Contains("[workspace", StringComparison.Ordinal)))
            {
                found.Add(folder);
            }
        }

        return found;
    }

    public static IEnumerable<FoundProject> Draft(SurveyContext context)
    {
        var listing = context.Listing;
        foreach (var folder in Folders(context))
        {
            var text = listing.Text(Paths.In(folder, "Cargo.toml"));
            var isWorkspace = text.Contains("[workspace", StringComparison.Ordinal);
            var members = listing.Below(folder).Where(f => Paths.Name(f) == "Cargo.toml").ToList();
            var locked = listing.Has(Paths.In(folder, "Cargo.lock"));
            var crates = locked ? listing.Text(Paths.In(folder, "Cargo.lock")).Contains("\nsource = ", StringComparison.Ordinal) : members.Exists(m => NamesCrates(listing.Text(m)));
            var flags = (isWorkspace ? " --workspace" : "") + (locked ? " --locked" : "");
            var setup = crates ? $"mkdir -p \"$CARGO_HOME\" && sed \"s|^directory = .*|directory = \\\"$PWD/{Vendor}/crates\\\"|\" {VendorSettings} > \"$CARGO_HOME/config.toml\"\n" : "";
            var steps = new List<DraftStep>();
            if (crates)
            {
                steps.Add(new DraftStep("fetch", $"{FetchScript}\nmkdir {Vendor}\ncargo vendor{(locked ? " --locked" : "")} --versioned-dirs --manifest-path /tmp/fetch/Cargo.toml {Vendor}/crates > {VendorSettings}")
                {
                    Description = "The crates that the manifests name",
                    Comments = locked ? [] : ["Commit Cargo.lock: without it each fetch may bring other crates."],
                    Folder = folder,
                    Hosts = FetchHosts.OfCargo(listing.Text(Paths.In(folder, "Cargo.lock"))),
                    Environment = [("CARGO_HOME", "/tmp/cargo")],
                    Inputs = [.. members, .. locked ? [Paths.In(folder, "Cargo.lock")] : Array.Empty<string>()],
                    Outputs = [Paths.In(folder, Vendor + "/**")],
                });
            }

            IReadOnlyList<string> needs = crates ? ["fetch"] : [];
            DraftStep Step(string name, string command) => new(name, setup + command)
            {
                Needs = needs,
                Folder = folder,
                Inputs = context.Sources(folder),
                Environment = [.. crates ? [("CARGO_HOME", "/tmp/cargo")] : Array.Empty<(string, string)>(), ("CARGO_TARGET_DIR", "/tmp/target"), ("CARGO_NET_OFFLINE", "true")],
            };
            var binaries = Binaries(listing, members).ToList();
            steps.Add(Step("test", $"cargo test{flags}") with
            {
                Description = "Compiles all and runs the tests",
                Comments = ["Cargo tells what is new by times, and in a sandbox all files have the same: each step compiles anew, beside the project."],
            });
            if (binaries.Count > 0)
            {
                var copies = string.Join('\n', binaries.Select(b => $"cp /tmp/target/release/{b} target/release/"));
                steps.Add(Step("build", $"cargo build --release{flags}\nmkdir -p target/release\n{copies}") with
                {
                    Description = "Compiles the programs",
                    Outputs = [.. binaries.Select(b => Paths.In(folder, $"target/release/{b}"))],
                });
            }

            yield return new FoundProject("rust", folder, isWorkspace ? $"Cargo workspace of {string.Join(", ", members.Select(Paths.Folder).Where(f => f != folder).Select(Paths.Name))}" : $"Cargo package {PackageName(text)}")
            {
                Steps = steps,
                Toolchain = context.Toolchain("rust", Least(listing, folder, members, crates), Paths.In(folder, "Cargo.toml"), "ca-certificates", "cargo", "gcc", "libc6-dev"),
            };
        }
    }

    /// <summary>What the manifests and the form of the lock ask for. Crates as they are published want a Cargo that can read the index of single crates.</summary>
    private static Version? Least(SourceListing listing, string folder, List<string> manifests, bool crates)
    {
        var least = crates ? new Version(1, 70) : null;
        foreach (var manifest in manifests)
        {
            foreach (var line in listing.Text(manifest).Split('\n'))
            {
                var value = line.Split('"') is [_, var quoted, ..] ? quoted : "";
                var needed = line.StartsWith("rust-version", StringComparison.Ordinal) ? DebianPrograms.Least(value) : line.StartsWith("edition", StringComparison.Ordinal) && value == "2024" ? new Version(1, 85) : null;
                least = needed > least || least is null ? needed ?? least : least;
            }
        }

        var isNewLock = listing.Text(Paths.In(folder, "Cargo.lock")).Contains("\nversion = 4", StringComparison.Ordinal);
        return isNewLock && (least is null || least < new Version(1, 78)) ? new Version(1, 78) : least;
    }

    private static bool NamesCrates(string manifest)
    {
        var within = false;
        foreach (var raw in manifest.Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith('['))
            {
                within = line.Contains("dependencies", StringComparison.Ordinal);
            }
            else if (within && line.Length > 0 && line[0] != '#' && !line.Contains("path", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<string> Binaries(SourceListing listing, List<string> manifests)
    {
        foreach (var manifest in manifests)
        {
            if (listing.Has(Paths.In(Paths.Folder(manifest), "src/main.rs")) && PackageName(listing.Text(manifest)) is { } name && !listing.Text(manifest).Contains("[[bin]]", StringComparison.Ordinal))
            {
                yield return name;
            }
        }
    }

    private static string? PackageName(string manifest)
    {
        var within = false;
        foreach (var raw in manifest.Split('\n'))
        {
            var line = raw.Trim();
            within = line.StartsWith('[') ? line == "[package]" : within;
            if (within && line.StartsWith("name", StringComparison.Ordinal) && line.Split('"') is [_, var name, ..])
            {
                return name;
            }
        }

        return null;
    }
}
