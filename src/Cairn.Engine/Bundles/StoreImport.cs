using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core;
using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Engine.History;
using Cairn.Engine.Receipts;
using Cairn.Engine.Trust;
using Cairn.Engine.Verification;
using Cairn.Store.Actions;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;

namespace Cairn.Engine.Bundles;

/// <summary>What an import is for.</summary>
public sealed record StoreImportRequest
{
    /// <summary>The store.</summary>
    public required ContentStore Store { get; init; }

    /// <summary>The user's keys, or null without a home.</summary>
    public required string? KeysDirectory { get; init; }

    /// <summary>The user's state, in which the bundle is unpacked while it is looked at.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The project that receipts and notes of actions are for; null for none.</summary>
    public string? ProjectDirectory { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }
}

/// <summary>What an import came to.</summary>
/// <param name="Results">Results that were taken over.</param>
/// <param name="Known">Results that were here already.</param>
/// <param name="Actions">Actions that were noted in the project, to be executed again.</param>
/// <param name="Runs">Runs whose receipts were taken over.</param>
/// <param name="Refused">What was left out, with why.</param>
public sealed record StoreImportReport(int Results, int Known, int Actions, ImmutableArray<RunId> Runs, ImmutableArray<string> Refused);

/// <summary>
/// Takes over what <see cref="StoreExport"/> bundled elsewhere. Nothing counts because it is in the bundle: a result is taken only where a key that is trusted here signed it, a receipt likewise, and blobs
/// only where such a result, or an action that it is of, names them.
/// </summary>
public sealed class StoreImport
{
    private readonly StoreImportRequest _request;
    private readonly DirectoryHandle _folder;
    private readonly List<string> _refused = [];
    private readonly HashSet<string> _accepted = new(StringComparer.Ordinal);
    private int _known;

    private StoreImport(StoreImportRequest request, DirectoryHandle folder)
    {
        _request = request;
        _folder = folder;
    }

    /// <summary>Imports a bundle. Throws <see cref="BundleException"/> for one that is not as it should be, <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public static StoreImportReport Run(BundleReader bundle, StoreImportRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(request);
        Directory.CreateDirectory(request.StateDirectory);
        var name = $"import-{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        using var state = DirectoryHandle.Open(request.StateDirectory);
        using var lease = request.Store.TryLease("import");
        try
        {
            BundleExtractor.Extract(bundle, Path.Combine(request.StateDirectory, name), cancellationToken);
            using var folder = state.TryOpen(name) ?? throw new IOException($"`{request.StateDirectory}/{name}` was removed while it was read");
            return new StoreImport(request, folder).Run(cancellationToken);
        }
        finally
        {
            state.RemoveTree(name);
        }
    }

    private StoreImportReport Run(CancellationToken cancellationToken)
    {
        using var trust = RunTrust.Find(_request.KeysDirectory, _request.StateDirectory, _request.Time);
        if (trust.Refusal is { } mistake)
        {
            throw new BundleException(mistake.Code, mistake.Message);
        }

        var cache = new ActionCache(_request.Store, trust.Seal);
        foreach (var name in Names(StoreExport.Results))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TakeResult(name, cache) is { } problem)
            {
                _refused.Add($"the result of `{name[..Math.Min(12, name.Length)]}`: {problem}");
            }
            else
            {
                _accepted.Add(name);
            }
        }

        var actions = NoteActions(cancellationToken);
        var runs = TakeRuns(trust);
        trust.Save();
        return new StoreImportReport(_accepted.Count - _known, _known, actions, runs, [.. _refused]);
    }

    private string? TakeResult(string action, ActionCache cache)
    {
        if (Read($"{StoreExport.Results}/{action}", Core.Limits.ActionBlobBytesMax) is not { } entry)
        {
            return "it is too large";
        }

        if (cache.TryJudge(action, entry, out var problem) is null)
        {
            return problem;
        }

        foreach (var blob in ResultSeal.BlobsOf(action, entry)!)
        {
            if (!TakeBlob(blob))
            {
                return $"a blob that it names is not in the bundle, `{blob.Hash}`";
            }
        }

        if (cache.TryGet(action) is not null)
        {
            _known++;
            return null;
        }

        return cache.TryAdopt(action, entry, out problem) ? null : problem;
    }

    /// <summary>Puts a blob into the store; false where the bundle does not have it.</summary>
    private bool TakeBlob(Digest digest)
    {
        if (_request.Store.Contains(digest))
        {
            return true;
        }

        using var handle = _folder.TryOpenFilePath($"{StoreExport.Blobs}/{digest.Hash}");
        return handle is not null && _request.Store.PutFile(handle) == digest;
    }

    /// <summary>Notes the actions of the results that were taken over, as a run notes them, so that they can be explained and executed again.</summary>
    private int NoteActions(CancellationToken cancellationToken)
    {
        if (_request.ProjectDirectory is not { } project || _accepted.Count == 0)
        {
            return 0;
        }

        var state = RunDirectory.StateDirectory(project);
        Directory.CreateDirectory(state);
        using var held = FileLock.TryAcquire(Path.Combine(state, "lock"), "cairn store import") ?? throw new IOException("A run of the project goes on: import when it has ended");
        using var log = ActionLog.Open(Path.Combine(state, "actions"));
        var count = 0;
        foreach (var action in _accepted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Message(action) is { } message && Digest.Of(message).Hash == action && ActionDecoder.TryReadReferences(message) is var (command, root)
                && Message(command.Hash) is { } commandBytes && Digest.Of(commandBytes) == command && TreeOf(root) is { } inputs)
            {
                count += log.Append(new EncodedAction(Digest.Of(message), [.. message], command, [.. commandBytes]), inputs) ? 1 : 0;
            }
        }

        log.Flush();
        return count;
    }

    private MerkleTree? TreeOf(Digest root)
    {
        var tree = new MerkleTreeBuilder();
        var pending = new Stack<(string Prefix, Digest Folder)>([("", root)]);
        var items = 0;
        while (pending.TryPop(out var next))
        {
            if (Message(next.Folder.Hash) is not { } listing || Digest.Of(listing) != next.Folder || DirectoryDecoder.TryDecode(listing, out _) is not { } entries || (items += entries.Length) > Core.Limits.TreeItemsMax)
            {
                return null;
            }

            foreach (var entry in entries)
            {
                if (entry.IsFolder)
                {
                    pending.Push(($"{next.Prefix}{entry.Name}/", entry.Leaf.Digest));
                    continue;
                }

                tree.Add(next.Prefix + entry.Name, entry.Leaf);
                if (entry.Leaf.Target is null)
                {
                    _ = TakeBlob(entry.Leaf.Digest);
                }
            }
        }

        return tree.Build() is var built && built.Digest == root ? built : null;
    }

    private ImmutableArray<RunId> TakeRuns(RunTrust trust)
    {
        var taken = ImmutableArray.CreateBuilder<RunId>();
        var judge = new AttestationJudge(trust.Store, _request.Time.GetUtcNow());
        foreach (var name in Names(StoreExport.Runs))
        {
            if (TakeRun(name, judge) is { } problem)
            {
                _refused.Add($"the run `{name}`: {problem}");
            }
            else if (RunId.TryParse(name, out var id))
            {
                taken.Add(id);
            }
        }

        return taken.DrainToImmutable();
    }

    private string? TakeRun(string name, AttestationJudge judge)
    {
        if (_request.ProjectDirectory is not { } project)
        {
            return "there is no project here that it could be of; `-C` names one";
        }

        if (!RunId.TryParse(name, out var id) || Read($"{StoreExport.Runs}/{name}/{RunReceipts.FileName}", Cairn.Trust.Limits.EnvelopeBytesMax) is not { } receipt)
        {
            return "it has no receipt";
        }

        if (Envelope.TryReadOwn(receipt, out var problem) is not { } envelope)
        {
            return $"its receipt is refused: {problem}";
        }

        var judged = judge.Judge(new FoundAttestation(name, envelope, null), static _ => null);
        if (!judged.Counts || judged.Receipt?.RunId != name)
        {
            return judged.Problem ?? (judged.Counts ? "its receipt is that of another run" : judged.Signers.Select(static s => s.ValidityProblem ?? s.RoleProblem).FirstOrDefault() ?? "nobody who is trusted here signed its receipt");
        }

        var target = new RunReceipts(project).PathOf(id);
        if (!File.Exists(target))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            DurableFile.Replace(target, receipt);
        }

        // Whoever verifies the receipt judges them.
        var approvals = $"{StoreExport.Runs}/{name}/{AttestationFinder.ApprovalsFolder}";
        foreach (var file in Names(approvals))
        {
            if (Read($"{approvals}/{file}", Cairn.Trust.Limits.EnvelopeBytesMax) is { } approval && Envelope.TryRead(approval, out _) is not null)
            {
                // One that is here already stays: nobody vouches for what the bundle has under its name.
                var place = Path.Combine(Path.GetDirectoryName(target)!, AttestationFinder.ApprovalsFolder, file);
                Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                if (!File.Exists(place))
                {
                    DurableFile.Replace(place, approval);
                }
            }
        }

        return null;
    }

    private byte[]? Message(string hash) => Read($"{StoreExport.Messages}/{hash}", Core.Limits.ActionBlobBytesMax);

    private byte[]? Read(string path, int bytesMax)
    {
        using var handle = _folder.TryOpenFilePath(path);
        if (handle is null || RandomAccess.GetLength(handle) > bytesMax)
        {
            return null;
        }

        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private List<string> Names(string folder)
    {
        using var handle = _folder.TryOpenPath(folder);
        var names = handle?.List().ConvertAll(static e => e.Name) ?? [];
        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
