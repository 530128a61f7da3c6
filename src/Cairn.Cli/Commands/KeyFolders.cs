using Cairn.Engine.Configuration;

namespace Cairn.Cli.Commands;

/// <summary>Where a user's keys stand.</summary>
internal static class KeyFolders
{
    /// <summary><c>~/.config/cairn/keys</c>; null without a home.</summary>
    public static string? Of(CommandServices services) => UserFolders.Config(services.Variable) is { } folder ? Path.Combine(folder, "keys") : null;
}
