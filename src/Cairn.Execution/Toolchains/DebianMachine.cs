namespace Cairn.Execution.Toolchains;

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
        try
        {
            // Not one that apt calls `stable`: what it means is another suite after a while, so no toolchain can be declared with it.
            return Codename(Path.Combine(Path.GetDirectoryName(aptFolder) ?? "/etc", "os-release")) is { } codename
                && AptConfiguration.Read(aptFolder, environment).Sources.Any(s => s.Suite == codename && s.Components.Contains("main", StringComparer.Ordinal))
                ? codename
                : null;
        }
        catch (Exception exception) when (exception is ToolchainException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Codename(string file)
    {
        if (new FileInfo(file) is not { Exists: true, Length: <= OsReleaseBytesMax })
        {
            return null;
        }

        string? id = null, codename = null;
        foreach (var line in File.ReadLines(file))
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
