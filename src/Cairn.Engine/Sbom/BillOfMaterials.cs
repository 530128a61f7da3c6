using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;
using Cairn.Core.Diagnostics;
using Cairn.Core.Sbom;
using Cairn.Engine.Dependencies;
using Cairn.Engine.History;
using Cairn.Engine.Replay;
using Cairn.Engine.Reproduce;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Sbom;

/// <summary>What a bill of materials is made from.</summary>
public sealed record BillRequest
{
    /// <summary>Where attestations are, and whom to believe.</summary>
    public required AttestedSource Source { get; init; }

    /// <summary>What the bill is of: a run, a step, a file with attestations.</summary>
    public required string Target { get; init; }

    /// <summary>What the subject is called; null for the name of the project or the step.</summary>
    public string? Name { get; init; }

    /// <summary>The time that the bill bears; null for that of the steps' <c>SOURCE_DATE_EPOCH</c>.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The version of Cairn.</summary>
    public required string Version { get; init; }
}

/// <summary>A bill of materials with what it is of.</summary>
/// <param name="Document">The bill.</param>
/// <param name="Outputs">The files.</param>
/// <param name="Notes">What it lacks.</param>
public sealed record Bill(SbomDocument Document, ImmutableArray<ReceiptFile> Outputs, ImmutableArray<string> Notes);

/// <summary>
/// Makes bills of materials of what was attested: outputs and toolchains as the attestations name them, packages as the lock files say that were among the inputs of the steps, not those that stand there now.
/// </summary>
public static class BillOfMaterials
{
    private const string DateVariable = "SOURCE_DATE_EPOCH";

    // As for steps whose sources bear no time.
    private const long DefaultSeconds = 1_000_000_000;

    /// <summary>Makes one. Throws <see cref="Verification.VerifyTargetException"/> where there is nothing of that name.</summary>
    public static Bill Make(BillRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var source = request.Source;
        var target = AttestedActions.Find(source, request.Target);
        var whole = target.Stored is { } stored ? AttestedActions.Find(source, stored.Run.Value).Actions : target.Actions;
        var isPart = target.Actions.Length < whole.Length;
        var outputs = isPart || target.Receipt is null ? OutputsOf(target.Actions)
            : [.. RunProvenance.SubjectsOf(target.Receipt).Where(static s => !s.Name.StartsWith(RunProvenance.RunSubject, StringComparison.Ordinal)).Select(static s => new ReceiptFile(s.Name, s.Sha256))];
        var actions = WithInputs(target.Actions, whole);
        var notes = new List<string>();
        var builder = new SbomBuilder(request.Name ?? (isPart || target.Receipt is null ? target.Actions[0].Step is { Length: > 0 } step ? step : target.Actions[0].Name : target.Receipt.Project));
        foreach (var output in outputs)
        {
            builder.AddOutput(output.Path, output.Sha256);
        }

        AddTools(builder, actions, target.Receipt, notes);
        foreach (var graph in GraphsOf(source, actions, notes))
        {
            builder.AddGraph(graph);
        }

        return new Bill(builder.Build(request.Time ?? TimeOf(actions), request.Version), outputs, [.. notes]);
    }

    private static ImmutableArray<ReceiptFile> OutputsOf(ImmutableArray<AttestedAction> actions)
    {
        var outputs = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var output in actions.SelectMany(static a => a.Outputs))
        {
            outputs[output.Path] = output.Sha256;
        }

        return [.. outputs.Select(static o => new ReceiptFile(o.Key, o.Value))];
    }

    /// <summary>The actions with those whose outputs they took, by the attestations that they name.</summary>
    private static ImmutableArray<AttestedAction> WithInputs(ImmutableArray<AttestedAction> actions, ImmutableArray<AttestedAction> whole)
    {
        var byAttestation = new Dictionary<string, AttestedAction>(StringComparer.Ordinal);
        foreach (var action in whole)
        {
            if (action.Attestation is { } attestation)
            {
                byAttestation.TryAdd(attestation, action);
            }
        }

        var all = new List<AttestedAction>(actions);
        var seen = all.Select(static a => a.Digest).ToHashSet();
        for (var i = 0; i < all.Count; i++)
        {
            foreach (var input in all[i].Inputs)
            {
                if (byAttestation.TryGetValue(input, out var needed) && seen.Add(needed.Digest))
                {
                    all.Add(needed);
                }
            }
        }

        return [.. all];
    }

    private static void AddTools(SbomBuilder builder, ImmutableArray<AttestedAction> actions, RunReceipt? receipt, List<string> notes)
    {
        foreach (var action in actions)
        {
            foreach (var dependency in action.Dependencies)
            {
                builder.AddTool(dependency.Name, dependency.Uri, dependency.Sha256);
            }

            if (action.Action?.Platform.Any(static p => p.Key == "host") is true)
            {
                notes.Add($"`{action.Name}` used programs of the machine, which no attestation names");
            }
        }

        if (actions.All(static a => a.Dependencies.IsEmpty))
        {
            // Without the attestations of the jobs the receipt still tells the trees.
            foreach (var toolchain in receipt?.Toolchains ?? [])
            {
                builder.AddTool($"{toolchain.Name} ({toolchain.Origin})", null, toolchain.Tree[..toolchain.Tree.IndexOf('/', StringComparison.Ordinal)]);
            }
        }
    }

    private static ImmutableArray<DependencyGraph> GraphsOf(AttestedSource source, ImmutableArray<AttestedAction> actions, List<string> notes)
    {
        using var log = ActionLog.Open(Path.Combine(RunDirectory.StateDirectory(source.ProjectDirectory), "actions"));
        using var root = DirectoryHandle.Open(source.ProjectDirectory);
        var files = new SortedDictionary<string, LockFile>(StringComparer.Ordinal);
        var seen = new HashSet<(string, Digest)>();
        var mistakes = new DiagnosticBag();
        foreach (var action in actions)
        {
            if (action.Action is not { } description || Recipe.ReadTree(description.InputRoot, digest => log.TryRead(digest) ?? Folder(source.Store, digest)) is not { } inputs)
            {
                notes.Add($"which lock files `{action.Name}` had is not known here");
                continue;
            }

            foreach (var (path, leaf) in inputs)
            {
                if (leaf.Target is not null || !DependencyReader.IsWanted(Path.GetFileName(path)) || !seen.Add((path, leaf.Digest)))
                {
                    continue;
                }

                if ((Read(root, path, leaf.Digest) ?? source.Store?.TryRead(leaf.Digest, Core.Limits.LockFileBytesMax)) is not { } content)
                {
                    notes.Add($"`{path}` is not here as `{action.Name}` had it: what it names is missing");
                }
                else if (LockFile.Decode(path, path, content, mistakes) is { } file)
                {
                    files[path] = file;
                }
            }
        }

        var graphs = DependencyReader.Read([.. files.Values], Path.GetFileName(source.ProjectDirectory.TrimEnd('/')) is { Length: > 0 } name ? name : "/", mistakes);
        notes.AddRange(mistakes.ToSorted().Where(static d => d.Severity == DiagnosticSeverity.Error).Select(static d => $"`{d.Span.File}` cannot be read: {d.Message}"));
        return [.. graphs.Select(graph => InstalledLicenses.Complete(source.ProjectDirectory, graph))];
    }

    private static byte[]? Read(DirectoryHandle root, string path, Digest digest)
    {
        using var handle = root.TryOpenFilePath(path);
        if (handle is null || RandomAccess.GetLength(handle) != digest.SizeBytes || digest.SizeBytes > Core.Limits.LockFileBytesMax)
        {
            return null;
        }

        var content = new byte[digest.SizeBytes];
        return RandomAccess.Read(handle, content, 0) == content.Length && Digest.Of(content) == digest ? content : null;
    }

    private static ImmutableArray<byte>? Folder(ContentStore? store, Digest digest) => store?.TryRead(digest, Core.Limits.ActionBlobBytesMax) is { } bytes ? [.. bytes] : null;

    /// <summary>The newest time that the steps themselves bear.</summary>
    private static DateTimeOffset TimeOf(ImmutableArray<AttestedAction> actions)
    {
        long? newest = null;
        foreach (var (name, value) in actions.SelectMany(static a => a.Action?.Environment ?? []))
        {
            if (name == DateVariable && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            {
                newest = Math.Max(newest ?? seconds, seconds);
            }
        }

        return DateTimeOffset.FromUnixTimeSeconds(newest ?? DefaultSeconds);
    }
}
