using System.Collections.Immutable;

namespace Cairn.Core.Toolchains;

/// <summary>What the toolchains of a project consist of, byte for byte: <c>cairn.lock</c>.</summary>
/// <param name="Toolchains">Sorted by name.</param>
public sealed record ToolchainLock(ImmutableArray<LockedToolchain> Toolchains)
{
    /// <summary>The name of the file, beside the pipeline's.</summary>
    public const string FileName = "cairn.lock";

    /// <summary>A lock without toolchains.</summary>
    public static ToolchainLock Empty { get; } = new([]);

    /// <summary>A toolchain by its name, or null.</summary>
    public LockedToolchain? Find(string name)
    {
        foreach (var toolchain in Toolchains)
        {
            if (string.Equals(toolchain.Name, name, StringComparison.Ordinal))
            {
                return toolchain;
            }
        }

        return null;
    }

    /// <summary>The same with one more, or another of its name.</summary>
    public ToolchainLock With(LockedToolchain toolchain)
    {
        ArgumentNullException.ThrowIfNull(toolchain);
        return this with { Toolchains = [.. Toolchains.Where(t => t.Name != toolchain.Name).Append(toolchain).OrderBy(static t => t.Name, StringComparer.Ordinal)] };
    }
}
