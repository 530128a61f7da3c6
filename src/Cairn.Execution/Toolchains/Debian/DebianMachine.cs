namespace Cairn.Execution.Toolchains.Debian;

/// <summary>Says which suite of Debian a machine's own packages are from.</summary>
public static class DebianMachine
{
    private const int OsReleaseBytesMax = 64 << 10;

    /// <summary>The suite by its name for good, where the machine is a Debian whose apt has a source of that name; null elsewhere.</summary>
    /// <param name="aptFolder">The folder of apt's configuration; <c>os-release</c> stands beside it.</param>
    /// <param name="environment">The caller's environment.</param>
    public static string? Suite(string aptFolder, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(aptFolder);
        ArgumentNullException.ThrowIfNull(environment);
        // Not one that apt calls `stable`: what it means is another suite after a while, so no toolchain can be declared with it.
        return Codename(Path.Combine(Path.GetDirectoryName(aptFolder) ?? "/etc", "os-release")) is { } codename && Suites(aptFolder, environment).Contains(codename, StringComparer.Ordinal) ? codename : null;
    }

    /// <summary>The suites that apt has sources for, but for those that join others: updates and the like. None where its configuration cannot be read.</summary>
    public static IReadOnlyList<string> Suites(string aptFolder, IReadOnlyDictionary<string, string> environment)
    {
        try
        {
            return [.. AptConfiguration.Read(aptFolder, environment).Sources.Where(s => s.Components.Contains("main", StringComparer.Ordinal) && s.Suite.AsSpan().IndexOfAny('-', '/') < 0).Select(s => s.Suite).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        }
        catch (ToolchainException)
        {
            return [];
        }
    }

    private static string? Codename(string file)
    {
        string[] lines;
        try
        {
            lines = new FileInfo(file) is { Exists: true, Length: <= OsReleaseBytesMax } ? File.ReadAllLines(file) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        string? id = null, codename = null;
        foreach (var line in lines)
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var value = line[(equals + 1)..].Trim().Trim('"', '\'');
            switch (equals < 0 ? "" : line[..equals].Trim())
            {
                case "ID":
                    id = value;
                    break;
                case "VERSION_CODENAME":
                    codename = value;
                    break;
            }
        }

        return id == "debian" && codename is { Length: > 0 } ? codename : null;
    }
}
