using System.Collections.Immutable;

namespace Cairn.Trust.Statements;

/// <summary>
/// The ids of builders, apart by what a builder of that kind can promise. All of a machine of somebody's own are of SLSA Build level 1: whoever runs them holds the key. <c>docs/formats/provenance.md</c> describes them.
/// </summary>
public static class BuilderIds
{
    /// <summary>A machine of somebody's own that runs steps as its user: they see all that the user sees, the key among it.</summary>
    public const string LocalProcess = "https://cairn.build/builder/local/process/v1";

    /// <summary>One that runs steps in sandboxes with programs of the machine, which no digest names in full.</summary>
    public const string LocalHost = "https://cairn.build/builder/local/host/v1";

    /// <summary>One that runs steps in sandboxes with toolchains that are named by their content.</summary>
    public const string LocalSandbox = "https://cairn.build/builder/local/sandbox/v1";

    /// <summary>The platform property of what Cairn makes by itself, without any program: what and in which version.</summary>
    public const string BuiltInProperty = "built-in";

    private const string HostPath = "host-path:";

    /// <summary>The id for an action, of which its platform tells.</summary>
    public static string OfLocal(ImmutableArray<KeyValuePair<string, string>> platform)
    {
        var (isSandboxed, hasToolchain, usesHost) = (false, false, false);
        foreach (var (name, value) in platform)
        {
            isSandboxed |= name == "isolation" && value != "process";
            hasToolchain |= name is "toolchain" or BuiltInProperty;
            usesHost |= name == "host" || name.StartsWith(HostPath, StringComparison.Ordinal);
        }

        return !isSandboxed ? LocalProcess : hasToolchain && !usesHost ? LocalSandbox : LocalHost;
    }

    /// <summary>The one of two that promises less: what a run of both is.</summary>
    public static string Weaker(string left, string right) => Rank(left) <= Rank(right) ? left : right;

    private static int Rank(string id) => id switch
    {
        LocalProcess => 0,
        LocalHost => 1,
        LocalSandbox => 2,
        _ => -1,
    };
}
