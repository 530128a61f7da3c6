using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies.Formats;

/// <summary><c>Cargo.lock</c>, versions 1 to 4. A package without a source is one of the workspace. The file does not tell what is needed for tests only.</summary>
internal sealed class CargoLock : LockFormat
{
    private const string Registry = "registry+https://github.com/rust-lang/crates.io-index";

    public override string Name => "Cargo.lock";

    public override Ecosystem Ecosystem => Ecosystem.Cargo;

    public override string Remake => "cargo update --workspace";

    public override void Read(LockReading reading)
    {
        if (reading.Toml() is not { } root)
        {
            return;
        }

        if (LockReading.Find(root, "version") is { } version and not ScalarNode { Type: ScalarType.Integer, Text: "1" or "2" or "3" or "4" })
        {
            reading.Version("The lock file is not of version 1, 2, 3 or 4", version.Span, "Let a cargo of those versions write it");
            return;
        }

        // A need is named by as much as is needed to tell it from others: NAME, NAME VERSION or NAME VERSION (SOURCE).
        var named = new Dictionary<string, PackageDraft>(StringComparer.Ordinal);
        var entries = new List<(PackageDraft Draft, MappingNode Entry)>();
        var sums = Sums(reading, root);
        foreach (var entry in reading.Mappings(root, "package"))
        {
            if (reading.Required(entry, "name", "A package") is not { } name || reading.Required(entry, "version", $"The package `{name}`") is not { } at)
            {
                continue;
            }

            var source = reading.Text(entry, "source");
            var draft = source is null ? reading.Graph.Project(name, at, null, isRoot: true) : reading.Graph.Package(name, at, IsRegistry(source) ? null : source);
            Describe(draft, source);
            if ((reading.Text(entry, "checksum") ?? sums.GetValueOrDefault($"{name} {at} ({source})")) is { } sum && Hashes.Of("sha256", sum) is { } hash)
            {
                draft.Hashes.Add(hash);
            }

            named.TryAdd(name, draft);
            named.TryAdd($"{name} {at}", draft);
            named.TryAdd($"{name} {at} ({source})", draft);
            entries.Add((draft, entry));
        }

        foreach (var (draft, entry) in entries)
        {
            foreach (var need in reading.Texts(entry, "dependencies"))
            {
                if (named.TryGetValue(need.Text, out var found))
                {
                    reading.Graph.Need(draft, found, DependencyScope.Runtime, null);
                }
                else
                {
                    reading.Unresolved(draft.Name, need.Text, need.Span);
                }
            }
        }
    }

    private static bool IsRegistry(string source) => source is Registry or "sparse+https://index.crates.io/";

    private static void Describe(PackageDraft draft, string? source)
    {
        if (source is not null && !IsRegistry(source))
        {
            draft.Qualifiers[source.StartsWith("git+", StringComparison.Ordinal) ? "vcs_url" : "repository_url"] = source;
        }
    }

    /// <summary>Version 1 has the checksums at its end: <c>"checksum NAME VERSION (SOURCE)" = "HEX"</c>.</summary>
    private static Dictionary<string, string> Sums(LockReading reading, MappingNode root)
    {
        const string Prefix = "checksum ";
        var sums = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in reading.Mapping(root, "metadata")?.Entries ?? [])
        {
            if (key.Text.StartsWith(Prefix, StringComparison.Ordinal) && value is ScalarNode scalar)
            {
                sums[key.Text[Prefix.Length..]] = scalar.Text;
            }
        }

        return sums;
    }
}
