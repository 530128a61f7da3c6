using Cairn.Engine.Configuration;

namespace Cairn.Cli.Commands;

/// <summary>Where the caller's store stands.</summary>
internal static class CacheFolder
{
    /// <summary>The folder, absolute; null where there is none to be had.</summary>
    public static string? Of(CommandServices services, Settings settings) => settings.CacheDirectory ?? UserFolders.Cache(services.Variable);
}
