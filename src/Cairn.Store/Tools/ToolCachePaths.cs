namespace Cairn.Store.Tools;

/// <summary>Where the parts of a cache stand.</summary>
internal sealed class ToolCachePaths(string root, string key)
{
    public const string FilesSuffix = "/files";

    // No key begins like this, as none begins like what is being removed.
    public const string LockPrefix = "lock-";

    public string Key { get; } = key;

    public string Root { get; } = Path.Combine(root, key);

    public string Lock => Path.Combine(root, LockPrefix + Key);

    public string Record => Path.Combine(Root, "cache");

    public string Measured => Path.Combine(Root, "measured");

    public string Owners => Path.Combine(Root, "owners");

    public string Files => Root + FilesSuffix;

    public string Owner(string project) => Path.Combine(Owners, ToolCacheRecord.Hash(project));
}
