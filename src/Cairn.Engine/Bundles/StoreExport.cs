using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Receipts;
using Cairn.Engine.Verification;
using Cairn.Store.Actions;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Trust.Bundles;

namespace Cairn.Engine.Bundles;

/// <summary>
/// Results of a store, and whole runs, on their way to another machine: a bundle with the folders <c>results</c> (entries of the action cache), <c>blobs</c> (what these name, and the inputs of actions),
/// <c>messages</c> (what was executed: actions, commands, folders) and <c>runs</c> (receipts and approvals). <c>docs/formats/cab.md</c> describes it.
/// </summary>
public sealed class StoreExport
{
    /// <summary>The folder of entries of the action cache, each under the hash of its action.</summary>
    public const string Results = "results";

    /// <summary>The folder of blobs, each under its hash.</summary>
    public const string Blobs = "blobs";

    /// <summary>The folder of actions, commands and folders of inputs, each under its hash.</summary>
    public const string Messages = "messages";

    /// <summary>The folder of runs.</summary>
    public const string Runs = "runs";

    private readonly ContentStore _store;
    private readonly string? _project;
    private readonly Dictionary<string, TreeItem> _items = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Func<Stream>> _sources = new(StringComparer.Ordinal);
    private readonly List<string> _missing = [];

    /// <summary>Begins an export.</summary>
    /// <param name="store">The store.</param>
    /// <param name="projectDirectory">The project, for runs and what is told of actions; null for none.</param>
    public StoreExport(ContentStore store, string? projectDirectory)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _project = projectDirectory;
    }

    /// <summary>How many results are in it.</summary>
    public int ResultCount { get; private set; }

    /// <summary>What was asked for and is no longer there, in words.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>Adds the result of an action, with all that it names.</summary>
    public void AddResult(string actionHash)
    {
        ArgumentNullException.ThrowIfNull(actionHash);
        var path = $"{Results}/{actionHash}";
        if (_items.ContainsKey(path))
        {
            return;
        }

        if (StoredEnvelopes.TryReadEntry(_store, actionHash, out var problem, out _) is not { } entry || ResultSeal.BlobsOf(actionHash, entry.Bytes.AsSpan()) is not { } blobs)
        {
            _missing.Add($"the result of `{actionHash[..Math.Min(12, actionHash.Length)]}`: {problem ?? "it is damaged"}");
            return;
        }

        foreach (var blob in blobs)
        {
            if (!_store.Contains(blob))
            {
                _missing.Add($"the result of `{actionHash[..12]}`: the store no longer has all of it");
                return;
            }
        }

        foreach (var blob in blobs)
        {
            AddBlob(blob, () => _store.TryOpen(blob) ?? throw new IOException($"The store no longer has `{blob.Hash}`"));
        }

        Add(path, entry.Bytes);
        ResultCount++;
        AddAction(actionHash);
    }

    /// <summary>Adds the results of a run's jobs, and its receipt with approvals.</summary>
    public void AddRun(StoredReceipt stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        foreach (var step in stored.Receipt.Steps)
        {
            if (step is { Action: { } action, Attestation: not null })
            {
                AddResult(action);
            }
        }

        Add($"{Runs}/{stored.Run}/{RunReceipts.FileName}", [.. stored.Bytes]);
        var approvals = Path.Combine(Path.GetDirectoryName(stored.Path)!, AttestationFinder.ApprovalsFolder);
        foreach (var file in Directory.Exists(approvals) ? Directory.EnumerateFiles(approvals, "*.json").Order(StringComparer.Ordinal) : (IEnumerable<string>)[])
        {
            Add($"{Runs}/{stored.Run}/{AttestationFinder.ApprovalsFolder}/{Path.GetFileName(file)}", [.. File.ReadAllBytes(file)]);
        }
    }

    /// <summary>Makes the bundle. Throws <see cref="BundleException"/> where there is nothing for it to hold.</summary>
    public BundleContent Finish() => _items.Count == 0
        ? throw new BundleException(DiagnosticCodes.TransferIncomplete, "There is nothing to export")
        : BundleContent.Of([.. _items.Values], item => _sources[item.Path]());

    /// <summary>Adds what was executed, as far as the project has noted it, and its inputs, as far as they are to be had: for an execution elsewhere.</summary>
    private void AddAction(string actionHash)
    {
        if (_project is null)
        {
            return;
        }

        using var log = ActionLog.Open(Path.Combine(_project, ".cairn", "actions"));
        if (log.Find(actionHash) is not { } digest || log.TryRead(digest) is not { } action || ActionDecoder.TryReadReferences(action.AsSpan()) is not var (command, root) || log.TryRead(command) is not { } commandBytes)
        {
            return;
        }

        using var project = DirectoryHandle.Open(_project);
        Add($"{Messages}/{digest.Hash}", action);
        Add($"{Messages}/{command.Hash}", commandBytes);
        var pending = new Stack<(string Prefix, Digest Folder)>([("", root)]);
        while (pending.TryPop(out var next))
        {
            if (log.TryRead(next.Folder) is not { } listing || DirectoryDecoder.TryDecode(listing.AsSpan(), out _) is not { } items)
            {
                continue;
            }

            Add($"{Messages}/{next.Folder.Hash}", listing);
            foreach (var item in items)
            {
                if (item.IsFolder)
                {
                    pending.Push(($"{next.Prefix}{item.Name}/", item.Leaf.Digest));
                }
                else if (item.Leaf.Target is null)
                {
                    AddInput(next.Prefix + item.Name, item.Leaf.Digest, project);
                }
            }
        }
    }

    private void AddInput(string path, Digest digest, DirectoryHandle project)
    {
        if (_items.ContainsKey($"{Blobs}/{digest.Hash}"))
        {
            return;
        }

        if (_store.Contains(digest))
        {
            AddBlob(digest, () => _store.TryOpen(digest) ?? throw new IOException($"The store no longer has `{digest.Hash}`"));
        }
        else if (project.TryOpenFilePath(path) is { } handle)
        {
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            if (stream.Length == digest.SizeBytes && new Digest(SHA256.HashData(stream), stream.Length) == digest)
            {
                AddBlob(digest, () => new FileStream(Path.Combine(_project!, path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));
            }
        }
    }

    private void AddBlob(Digest digest, Func<Stream> open) => Add($"{Blobs}/{digest.Hash}", digest, open);

    private void Add(string path, ImmutableArray<byte> content) => Add(path, Digest.Of(content.AsSpan()), () => new MemoryStream([.. content], writable: false));

    private void Add(string path, Digest digest, Func<Stream> open)
    {
        if (_items.TryAdd(path, new TreeItem(path, IsFolder: false, new TreeLeaf(digest, Executable: false))))
        {
            _sources.Add(path, open);
        }
    }
}
