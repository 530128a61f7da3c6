using System.Text.Json;

using Cairn.Core.Fetching;

namespace Cairn.Engine.Projects.Survey;

/// <summary>The hosts that fetch steps name: those of the registries that a package manager asks by itself, and those that lock files and settings name.</summary>
internal static class FetchHosts
{
    private const string Github = "github.com";

    /// <summary>Of npm and its like.</summary>
    /// <param name="usual">The registry of the package manager.</param>
    /// <param name="settings">What <c>.npmrc</c> and the like say.</param>
    /// <param name="locked">The lock file.</param>
    public static IReadOnlyList<string> OfNode(string usual, string settings, string locked)
    {
        var own = new List<string>();
        var isReplaced = false;
        foreach (var line in settings.Split('\n'))
        {
            if (Value(line, "registry") is { } registry)
            {
                own.AddRange(In(registry));
                isReplaced = true;
            }
            else if (line.TrimStart() is ['@', ..] || line.Contains("npmRegistryServer", StringComparison.Ordinal))
            {
                own.AddRange(In(line));
                isReplaced |= line.Contains("npmRegistryServer", StringComparison.Ordinal);
            }
        }

        // Where a registry of one's own stands for the usual one, addresses of that in the lock mean one's own.
        return Sorted(isReplaced ? own : own.Prepend(usual), InLines(locked, "\"resolved\":", "resolved ", "tarball:").Where(h => !isReplaced || h != usual));
    }

    /// <summary>Of pip.</summary>
    public static IReadOnlyList<string> OfPython(IEnumerable<string> requirements)
    {
        var named = new List<string>();
        var isReplaced = false;
        foreach (var line in requirements.SelectMany(static r => r.Split('\n')).Where(static l => l.TrimStart() is not ['#', ..]))
        {
            named.AddRange(In(line));
            isReplaced |= line.StartsWith("--index-url", StringComparison.Ordinal) || line.StartsWith("-i ", StringComparison.Ordinal);
        }

        return Sorted(isReplaced ? [] : ["pypi.org", "files.pythonhosted.org"], named);
    }

    /// <summary>Of Cargo.</summary>
    public static IReadOnlyList<string> OfCargo(string locked) =>
        Sorted(["index.crates.io", "static.crates.io"], locked.Split('\n').Where(static l => l.StartsWith("source = ", StringComparison.Ordinal) && !l.Contains("github.com/rust-lang/crates.io-index", StringComparison.Ordinal)).SelectMany(In));

    /// <summary>Of the go command.</summary>
    public static IReadOnlyList<string> OfGo { get; } = ["proxy.golang.org", "sum.golang.org"];

    /// <summary>Of Maven: its central repository, and those that a pom names.</summary>
    public static IReadOnlyList<string> OfMaven(string pom)
    {
        var named = new List<string>();
        foreach (var element in (ReadOnlySpan<string>)["repository", "pluginRepository"])
        {
            for (var at = 0; pom.IndexOf($"<{element}>", at, StringComparison.Ordinal) is >= 0 and var open && pom.IndexOf($"</{element}>", open, StringComparison.Ordinal) is >= 0 and var close; at = close)
            {
                named.AddRange(In(pom[open..close]));
            }
        }

        return Sorted(["repo.maven.apache.org"], named);
    }

    /// <summary>Of Bundler: the sources of its files.</summary>
    public static IReadOnlyList<string> OfRuby(string gemfile, string locked)
    {
        var named = InLines(gemfile, "source ", "git ", "git:", "gem ").Concat(InLines(locked, "remote:")).ToList();
        return Sorted(named.Contains("rubygems.org", StringComparer.Ordinal) || named.Count == 0 ? ["rubygems.org", "index.rubygems.org"] : [], named);
    }

    /// <summary>Of Composer: its index, and where the archives of the lock file are. Archives of GitHub come from a host of their own.</summary>
    public static IReadOnlyList<string> OfPhp(string locked)
    {
        var named = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(locked.Length == 0 ? "{}" : locked);
            foreach (var section in (ReadOnlySpan<string>)["packages", "packages-dev"])
            {
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(section, out var packages) && packages.ValueKind == JsonValueKind.Array)
                {
                    foreach (var package in packages.EnumerateArray())
                    {
                        if (package.ValueKind == JsonValueKind.Object && package.TryGetProperty("dist", out var dist) && dist.ValueKind == JsonValueKind.Object && dist.TryGetProperty("url", out var url) && url.ValueKind == JsonValueKind.String)
                        {
                            named.AddRange(In(url.GetString()!));
                        }
                    }
                }
            }
        }
        catch (JsonException)
        {
            // Composer will say so.
        }

        if (locked.Length == 0 || named.Exists(static h => h == Github || h.EndsWith("." + Github, StringComparison.Ordinal)))
        {
            named.AddRange(["api.github.com", "codeload.github.com"]);
        }

        return Sorted(["repo.packagist.org"], named);
    }

    /// <summary>Of NuGet: the feeds that its settings name.</summary>
    public static IReadOnlyList<string> OfDotnet(IEnumerable<string> settings)
    {
        var all = string.Join('\n', settings);
        return Sorted(all.Contains("<clear", StringComparison.OrdinalIgnoreCase) ? [] : ["api.nuget.org"], In(all));
    }

    /// <summary>The hosts of all addresses in a text, as fetch steps name them.</summary>
    internal static IEnumerable<string> In(string text)
    {
        foreach (var scheme in new[] { "https://", "http://" })
        {
            for (var at = text.IndexOf(scheme, StringComparison.Ordinal); at >= 0; at = text.IndexOf(scheme, at + 1, StringComparison.Ordinal))
            {
                var start = at + scheme.Length;
                var end = start;
                while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' or '-' or '_' or ':' or '@' or '[' or ']' or '%' or '~'))
                {
                    end++;
                }

                // What stands before an @ is for whoever asks, and no part of the host.
                var host = text[start..end];
                host = host[(host.LastIndexOf('@') + 1)..].TrimEnd(':', '.');
                if (HostPattern.TryParse(host, out _, out _, out _))
                {
                    yield return host;
                }
            }
        }
    }

    private static IEnumerable<string> InLines(string text, params string[] beginnings) =>
        text.Split('\n').Where(line => Array.Exists(beginnings, b => line.AsSpan().TrimStart().StartsWith(b, StringComparison.Ordinal) || (b[^1] == ':' && line.Contains(b, StringComparison.Ordinal)))).SelectMany(In);

    /// <summary>The value of a line <c>key = value</c>.</summary>
    private static string? Value(string line, string key) =>
        line.Split('=', 2) is [var name, var value] && name.Trim() == key ? value : null;

    // The usual ones first, the others by name.
    private static List<string> Sorted(IEnumerable<string> usual, IEnumerable<string> named) => [.. usual.Concat(named.Order(StringComparer.Ordinal)).Distinct(StringComparer.Ordinal)];
}
