using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Engine.Caching;
using Cairn.Engine.Outputs;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Reproduce;

/// <summary>What an execution left beside its files.</summary>
/// <param name="Log">What it wrote, after redaction; null where it wrote nothing.</param>
/// <param name="Summary">Its summary; null where it wrote none.</param>
/// <param name="Resources">What it used.</param>
/// <param name="Ended">When it ended.</param>
internal sealed record ExecutionTrace(Digest? Log, Digest? Summary, ResourceUse Resources, DateTimeOffset Ended);

/// <summary>A set of outputs that can be compared with another: what stands where, and a way to read it.</summary>
internal abstract class Specimen : IDisposable
{
    /// <summary>Where the end of a failed execution stands among the files.</summary>
    public const string Exit = "(exit)";

    /// <summary>With what the path of a step output begins.</summary>
    public const string ValuePrefix = "output:";

    public SortedDictionary<string, TreeLeaf> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>What was handed over through <c>$CAIRN_OUTPUT</c>.</summary>
    public IReadOnlyDictionary<string, string> Values { get; protected init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether nothing but the hashes of files is known: neither links, nor what is executable, nor step outputs.</summary>
    public bool HasHashesOnly { get; protected init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Wall { get; protected init; }

    /// <summary>The last line that a failed execution wrote, or null.</summary>
    public string? LastLine { get; protected init; }

    public bool HasFailed => Files.ContainsKey(Exit);

    /// <summary>How it ended, of a failed execution.</summary>
    public string Failure => $"{(Files.TryGetValue(Exit, out var end) ? end.Target : "succeeded")}{(LastLine is null ? "" : $": {LastLine}")}";

    /// <summary>What else there is of an execution; null for what was none.</summary>
    public ExecutionTrace? Trace { get; init; }

    /// <summary>How many files and values there are.</summary>
    public int Count => HasFailed ? 0 : Files.Count + Values.Count;

    /// <summary>What it would be in an attestation; null of what failed or was no execution. Where it was executed is for the caller to say.</summary>
    public ActionResult? ToResult(Digest action)
    {
        if (HasFailed || Trace is not { } trace)
        {
            return null;
        }

        var outputs = Files.Select(static f => new OutputFile(f.Key, f.Value.Digest, f.Value.Executable, f.Value.Target)).ToArray();
        Array.Sort(outputs, static (left, right) => Utf8Order.Compare(left.Path, right.Path));
        return new ActionResult
        {
            Action = action,
            Outputs = [.. outputs],
            Log = trace.Log,
            Summary = trace.Summary,
            StepOutputs = Values.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Resources = trace.Resources,
            Origin = new ActionOrigin("", "", trace.Ended, HostFingerprint.MachineName, ""),
        };
    }

    /// <summary>Reads a file; null where it is gone.</summary>
    public abstract Stream? TryOpen(string path);

    public abstract void Dispose();

    /// <summary>The paths at which two sets differ.</summary>
    public static SortedSet<string> Compare(Specimen a, Specimen b)
    {
        var differing = new SortedSet<string>(StringComparer.Ordinal);
        if (a.HasFailed || b.HasFailed)
        {
            // What a failed execution left behind is no result.
            if (a.Files.GetValueOrDefault(Exit) != b.Files.GetValueOrDefault(Exit))
            {
                differing.Add(Exit);
            }

            return differing;
        }

        var hashesOnly = a.HasHashesOnly || b.HasHashesOnly;
        foreach (var (path, leaf) in a.Files)
        {
            if (!b.Files.TryGetValue(path, out var other) ? !hashesOnly || leaf.Target is null : hashesOnly ? leaf.Target is not null || other.Target is not null || leaf.Digest.Hash != other.Digest.Hash : other != leaf)
            {
                differing.Add(path);
            }
        }

        foreach (var (path, leaf) in b.Files)
        {
            if (!a.Files.ContainsKey(path) && (!hashesOnly || leaf.Target is null))
            {
                differing.Add(path);
            }
        }

        if (hashesOnly)
        {
            return differing;
        }

        foreach (var key in a.Values.Keys.Union(b.Values.Keys, StringComparer.Ordinal))
        {
            if (!string.Equals(a.Values.GetValueOrDefault(key), b.Values.GetValueOrDefault(key), StringComparison.Ordinal))
            {
                differing.Add(ValuePrefix + key);
            }
        }

        return differing;
    }
}

/// <summary>What the action cache has.</summary>
internal sealed class RecordedSpecimen : Specimen
{
    private readonly ContentStore? _store;

    public RecordedSpecimen(ActionResult result, ContentStore? store)
    {
        _store = store;
        Values = result.StepOutputs;
        Wall = TimeSpan.FromMilliseconds(result.Resources.WallMs);
        foreach (var output in result.Outputs)
        {
            Files[output.Path] = new TreeLeaf(output.Digest, output.Executable, output.Target);
        }
    }

    public override Stream? TryOpen(string path) => Files.TryGetValue(path, out var leaf) && leaf.Target is null ? _store?.TryOpen(leaf.Digest) : null;

    public override void Dispose()
    {
    }
}

/// <summary>What a statement names: paths and hashes.</summary>
internal sealed class AttestedSpecimen : Specimen
{
    public AttestedSpecimen(IEnumerable<ReceiptFile> files)
    {
        HasHashesOnly = true;
        foreach (var file in files)
        {
            // No statement has the size.
            Files[file.Path] = new TreeLeaf(new Digest(Convert.FromHexString(file.Sha256), 0), Executable: false);
        }
    }

    public override Stream? TryOpen(string path) => null;

    public override void Dispose()
    {
    }
}

/// <summary>What an execution left in its sandbox, which stays mounted as long as this.</summary>
internal sealed class ExecutedSpecimen : Specimen
{
    private readonly DirectoryHandle _tree;
    private readonly Action _leave;

    public ExecutedSpecimen(DirectoryHandle tree, PathPatterns outputs, IReadOnlyDictionary<string, string> values, (string End, string? LastLine)? failure, TimeSpan wall, Action leave)
    {
        _tree = tree;
        _leave = leave;
        Values = values;
        Wall = wall;
        LastLine = failure?.LastLine;
        if (failure is { End: var end })
        {
            Files[Exit] = new TreeLeaf(Digest.Empty, Executable: false, end);
            return;
        }

        var walk = TreeWalker.Walk(tree, outputs);
        foreach (var file in walk.Entries)
        {
            Files[file.Path] = file.Stat.Kind == FileKind.Symlink ? new TreeLeaf(Digest.Empty, Executable: false, ReadLink(file.Path)) : new TreeLeaf(DigestOf(file.Path), file.Stat.Executable);
        }

        if (walk.Problems is [var problem, ..])
        {
            Files.Clear();
            Files[Exit] = new TreeLeaf(Digest.Empty, Executable: false, $"{problem}, which cannot be an output");
        }
    }

    public override Stream? TryOpen(string path) => _tree.TryOpenFilePath(path) is { } handle ? new FileStream(handle, FileAccess.Read, bufferSize: 0) : null;

    public override void Dispose()
    {
        _tree.Dispose();
        _leave();
    }

    private Digest DigestOf(string path)
    {
        using var stream = TryOpen(path) ?? throw new IOException($"`{path}` vanished from the sandbox");
        var hash = SHA256.HashData(stream);
        return new Digest(hash, stream.Position);
    }

    private string ReadLink(string path)
    {
        var (folder, name) = OutputTree.Split(path);
        using var parent = _tree.TryOpenPath(folder) ?? throw new IOException($"`{path}` vanished from the sandbox");
        return parent.ReadLink(name);
    }
}
