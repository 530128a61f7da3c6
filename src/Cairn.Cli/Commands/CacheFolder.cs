using Cairn.Engine;
using Cairn.Engine.Configuration;
using Cairn.Store.Content;

namespace Cairn.Cli.Commands;

/// <summary>Where the caller's store stands.</summary>
internal static class CacheFolder
{
    /// <summary>The folder, absolute; null where there is none to be had.</summary>
    public static string? Of(CommandServices services, Settings settings) => settings.CacheDirectory ?? UserFolders.Cache(services.Variable);

    /// <summary>Opens the store that stands there; null where there is none, and none is made. Throws <see cref="StoreException"/>.</summary>
    public static ContentStore? TryOpenStore(CommandServices services, Settings settings) => TryOpenStore(services, Of(services, settings));

    /// <summary>The same for a request.</summary>
    public static ContentStore? TryOpenStore(CommandServices services, RunRequest request) => TryOpenStore(services, request.CacheDirectory);

    private static ContentStore? TryOpenStore(CommandServices services, string? folder) => Directory.Exists(folder) ? ContentStore.Open(folder, services.Time) : null;
}
