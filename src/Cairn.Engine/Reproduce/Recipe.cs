using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Toolchains;
using Cairn.Engine.Caching;
using Cairn.Engine.Toolchains;
using Cairn.Store.Actions;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Reproduce;

/// <summary>An action as it was recorded, ready to be executed again: nothing is asked of the pipeline, which may have changed since.</summary>
internal sealed record Recipe
{
    public required RecordedJob Recorded { get; init; }

    public required ActionDescription Action { get; init; }

    public required Digest Digest { get; init; }

    public required ImmutableArray<KeyValuePair<string, TreeLeaf>> Inputs { get; init; }

    public required PathPatterns Outputs { get; init; }

    /// <summary>The variables that hold secrets, with the secrets' names.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Secrets { get; init; } = [];

    public bool HostNetwork { get; init; }

    /// <summary>How many processors the action fixes; null for all.</summary>
    public int? Cpus { get; init; }

    /// <summary>The tree of its programs; null for the machine's.</summary>
    public ToolchainSet? Toolchain { get; init; }

    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>The folder that it starts in and that must be there.</summary>
    public string WorkingDirectory => Action.WorkingDirectory;

    /// <summary>The script, where it is too long for an argument.</summary>
    public string? Script => Action.Arguments is [_, .., "-c" or "-e", var text] && text.Length > Limits.InlineScriptCharsMax ? text : null;

    /// <summary>Whether a variable of the action stands as Cairn sets it for every step, so that a machine where it is another is thinkable.</summary>
    public string? Variable(string name)
    {
        foreach (var (key, value) in Action.Environment)
        {
            if (string.Equals(key, name, StringComparison.Ordinal))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Reads a job's recipe from the project's log of actions; null, with the reason, where it cannot be followed in a sandbox.</summary>
    public static Recipe? TryRead(RecordedJob recorded, ActionLog log, string host, out string? refusal)
    {
        if (log.Find(recorded.Action) is { } digest && ActionDecoder.TryDecode(digest, log.TryRead, out _) is { } action)
        {
            return TryMake(recorded, action, digest, log.TryRead, host, out refusal);
        }

        refusal = "its action is no longer in the project's log: run it again with `cairn run`";
        return null;
    }

    /// <summary>Makes a recipe of an action, wherever it was read; null, with the reason, where it cannot be followed in a sandbox.</summary>
    /// <param name="recorded">Whose it is.</param>
    /// <param name="action">The action.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="read">Gives a <c>Directory</c> of its inputs by its digest; null for one that is not to be had.</param>
    /// <param name="host">What tells this system from others.</param>
    /// <param name="refusal">Why it cannot be followed.</param>
    public static Recipe? TryMake(RecordedJob recorded, ActionDescription action, Digest digest, Func<Digest, ImmutableArray<byte>?> read, string host, out string? refusal)
    {
        refusal = null;
        if (ReadTree(action.InputRoot, read) is not { } inputs)
        {
            refusal = "which files were its inputs is not known here: neither the project's log of actions nor the store has their tree";
            return null;
        }

        var notes = ImmutableArray.CreateBuilder<string>();
        var secrets = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        var hostNetwork = false;
        var isIsolated = false;
        int? cpus = null;
        ImmutableArray<Digest>? toolchains = null;
        var paths = new List<LockedPath>();
        foreach (var (name, value) in action.Platform)
        {
            switch (name)
            {
                case BuilderIds.BuiltInProperty:
                    refusal ??= "Cairn makes it by itself, of its inputs alone, so that there is nothing to vary: `cairn replay` makes it again";
                    break;
                case "isolation" when value != "sandbox":
                    refusal ??= $"it runs with `isolation: {value}`, which does not keep the machine away from it: write `isolation: sandbox`";
                    break;
                case "isolation":
                    isIsolated = true;
                    break;
                case "network" when value == "host":
                    hostNetwork = true;
                    notes.Add("it reaches the network (`network: host`): what others send is neither fixed nor varied");
                    break;
                case "network" when value != "none":
                    refusal ??= $"it runs with `network: {value}`: what others send is neither fixed nor varied";
                    break;
                case "arch" when value != HostFingerprint.Architecture:
                    refusal ??= $"it was executed on {value}, and this machine is {HostFingerprint.Architecture}";
                    break;
                case "host" when value != host:
                    notes.Add($"it was executed on another system ({value}); this is {host}");
                    break;
                case ToolchainSet.TreesProperty:
                    toolchains = ToolchainSet.TryReadTrees(value);
                    refusal ??= toolchains is null ? $"its toolchain is `{value}`, which names no tree" : null;
                    break;
                case ActionBuilder.CpusProperty:
                    cpus = int.TryParse(value, out var count) ? count : null;
                    break;
                default:
                    if (name.StartsWith(ToolchainSet.PathProperty, StringComparison.Ordinal))
                    {
                        paths.Add(new LockedPath(name[ToolchainSet.PathProperty.Length..], Core.Content.Digest.TryParse(value, null, out var content) ? content : Core.Content.Digest.Empty));
                        notes.Add($"it sees `{name[ToolchainSet.PathProperty.Length..]}` of the machine as it is now");
                    }
                    else if (name.StartsWith("service:", StringComparison.Ordinal))
                    {
                        refusal ??= $"it uses the service `{name["service:".Length..]}`, whose state is no input";
                    }
                    else if (name.StartsWith("secret:", StringComparison.Ordinal))
                    {
                        secrets.Add(new(name["secret:".Length..], value));
                    }
                    else if (name.StartsWith("tool-cache:", StringComparison.Ordinal))
                    {
                        notes.Add($"its tool cache `{value}` is empty here");
                    }

                    break;
            }
        }

        if (!isIsolated)
        {
            refusal ??= "it says nothing of its isolation: what a fetch step brought is known by its content, and not by what fetched it";
        }

        if (!PathPatterns.TryParse(action.Outputs, out var outputs, out var error))
        {
            refusal ??= error;
        }

        return refusal is not null ? null : new Recipe
        {
            Recorded = recorded,
            Action = action,
            Digest = digest,
            Inputs = inputs,
            Outputs = outputs!,
            Secrets = secrets.ToImmutable(),
            HostNetwork = hostNetwork,
            Cpus = cpus,
            Toolchain = toolchains is { } trees ? ToolchainSet.Of(trees, paths) : null,
            Notes = notes.ToImmutable(),
        };
    }

    /// <summary>The files and links of a tree, sorted by path; null where a folder of it is not to be had.</summary>
    public static ImmutableArray<KeyValuePair<string, TreeLeaf>>? ReadTree(Digest root, Func<Digest, ImmutableArray<byte>?> read)
    {
        var leaves = ImmutableArray.CreateBuilder<KeyValuePair<string, TreeLeaf>>();
        var pending = new Stack<(string Prefix, Digest Folder)>([("", root)]);
        while (pending.TryPop(out var next))
        {
            if (read(next.Folder) is not { } listing || DirectoryDecoder.TryDecode(listing.AsSpan(), out _) is not { } items)
            {
                return null;
            }

            foreach (var item in items)
            {
                if (item.IsFolder)
                {
                    pending.Push(($"{next.Prefix}{item.Name}/", item.Leaf.Digest));
                }
                else
                {
                    leaves.Add(new(next.Prefix + item.Name, item.Leaf));
                }
            }
        }

        leaves.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return leaves.ToImmutable();
    }
}
