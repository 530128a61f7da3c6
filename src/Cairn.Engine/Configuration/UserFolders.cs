namespace Cairn.Engine.Configuration;

/// <summary>The folders of a user, by the XDG rules: a variable counts if it holds an absolute path.</summary>
public static class UserFolders
{
    /// <summary><c>~/.config/cairn</c>, or null without a home.</summary>
    /// <param name="variable">Looks up a variable of the caller's environment.</param>
    public static string? Config(Func<string, string?> variable) => Find(variable, "XDG_CONFIG_HOME", ".config");

    /// <summary><c>~/.cache/cairn</c>, or null without a home.</summary>
    /// <param name="variable">Looks up a variable of the caller's environment.</param>
    public static string? Cache(Func<string, string?> variable) => Find(variable, "XDG_CACHE_HOME", ".cache");

    /// <summary><c>~/.local/state/cairn</c>; without a home a folder of the user's own below the temporary folder.</summary>
    /// <param name="variable">Looks up a variable of the caller's environment.</param>
    public static string State(Func<string, string?> variable) =>
        Find(variable, "XDG_STATE_HOME", ".local/state") ?? Path.Combine(Path.GetTempPath(), $"cairn-{Environment.UserName}");

    private static string? Find(Func<string, string?> variable, string name, string below)
    {
        ArgumentNullException.ThrowIfNull(variable);
        return variable(name) is { Length: > 0 } given && given[0] == '/' ? Path.Combine(given, "cairn")
            : variable("HOME") is { Length: > 0 } home ? Path.Combine(home, below, "cairn")
            : null;
    }
}
