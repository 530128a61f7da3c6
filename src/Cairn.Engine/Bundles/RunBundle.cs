using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Toolchains;
using Cairn.Engine.Receipts;
using Cairn.Engine.Verification;
using Cairn.Store.Actions;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Log;
using Cairn.Trust.Bundles;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;

namespace Cairn.Engine.Bundles;

/// <summary>What a run made, and what is told of that.</summary>
/// <param name="Content">The files that its steps made.</param>
/// <param name="Evidence">The receipt, the attestations of its jobs, approvals.</param>
/// <param name="Missing">Jobs whose attestations the receipt names and the store no longer has.</param>
public sealed record RunBundle(BundleContent Content, ImmutableArray<BundleEvidence> Evidence, ImmutableArray<string> Missing)
{
    /// <summary>Takes the outputs of a run for a bundle. Throws <see cref="BundleException"/> where one of them is gone.</summary>
    /// <param name="projectDirectory">The project.</param>
    /// <param name="stored">The receipt of the run.</param>
    /// <param name="store">The store; null where there is none.</param>
    /// <param name="select">Which outputs are wanted; null for all.</param>
    /// <param name="log">The machine's log; null where there is none.</param>
    public static RunBundle Take(string projectDirectory, StoredReceipt stored, ContentStore? store, PathPatterns? select, LogFolder? log)
    {
        ArgumentNullException.ThrowIfNull(projectDirectory);
        ArgumentNullException.ThrowIfNull(stored);
        using var project = DirectoryHandle.Open(projectDirectory);
        var items = ImmutableArray.CreateBuilder<TreeItem>();
        foreach (var step in stored.Receipt.Steps)
        {
            AddOutputs(step, project, store, select, items);
        }

        if (items.Count == 0)
        {
            throw new BundleException(DiagnosticCodes.BundleInputUnusable, select is null ? $"The run `{stored.Run}` made no files" : $"No file that the run `{stored.Run}` made matches");
        }

        Stream Open(TreeItem item)
        {
            if (store?.TryOpen(item.Leaf.Digest) is { } blob)
            {
                return blob;
            }

            // Looked at when it was taken; who copies it looks again.
            using var folder = DirectoryHandle.Open(projectDirectory);
            return new FileStream(folder.TryOpenFilePath(item.Path) ?? throw new IOException($"`{item.Path}` is no longer there"), FileAccess.Read, bufferSize: 0);
        }

        var evidence = EvidenceOf(stored, store, log, out var missing);
        return new RunBundle(BundleContent.Of(items.DrainToImmutable(), Open), evidence, missing);
    }

    /// <summary>What is told of what a run made.</summary>
    /// <param name="stored">Its receipt.</param>
    /// <param name="store">The store, in which the attestations of its jobs are; null where there is none.</param>
    /// <param name="log">The machine's log, which may have the receipt; null where there is none.</param>
    /// <param name="missing">Jobs whose attestations are gone.</param>
    public static ImmutableArray<BundleEvidence> EvidenceOf(StoredReceipt stored, ContentStore? store, LogFolder? log, out ImmutableArray<string> missing)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var signed = new List<(Envelope Envelope, BundleEvidence Document)> { (stored.Envelope, new BundleEvidence(EvidenceKind.Receipt, [.. stored.Bytes])) };
        var gone = ImmutableArray.CreateBuilder<string>();
        foreach (var step in stored.Receipt.Steps)
        {
            if (step.Attestation is null)
            {
                continue;
            }

            if (store is not null && RunReceipts.TryFind(step, store, out _) is { } attestation)
            {
                signed.Add((attestation.Envelope, new BundleEvidence(EvidenceKind.Attestation, [.. attestation.Envelope.ToJson()])));
            }
            else
            {
                gone.Add(step.Job);
            }
        }

        // What others said of it: approvals, and builders who executed it again.
        foreach (var name in (ReadOnlySpan<string>)[AttestationFinder.ApprovalsFolder, AttestationFinder.ReplaysFolder])
        {
            var folder = Path.Combine(Path.GetDirectoryName(stored.Path)!, name);
            foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal) : (IEnumerable<string>)[])
            {
                if (EvidenceReader.TryRead(File.ReadAllBytes(file), out _) is { } said && Envelope.TryRead(said.Content.AsSpan(), out _) is { } envelope)
                {
                    signed.Add((envelope, said));
                }
            }
        }

        missing = gone.DrainToImmutable();
        return [.. signed.Select(static s => s.Document), .. LoggedProofs.Of(signed, log)];
    }

    /// <summary>What vouches for the packages of a run's toolchains: the signed releases of their archives, and the indexes that these sign.</summary>
    /// <param name="toolchains">The toolchains that the receipt of the run names.</param>
    /// <param name="locked">What the project's toolchains are made of now.</param>
    /// <param name="store">The store, which keeps both.</param>
    /// <param name="missing">Why there is nothing of a toolchain, in words.</param>
    public static ImmutableArray<BundleEvidence> SeedsOf(ImmutableArray<ReceiptToolchain> toolchains, ToolchainLock locked, ContentStore? store, out ImmutableArray<string> missing)
    {
        ArgumentNullException.ThrowIfNull(locked);
        var (evidence, gone) = (ImmutableArray.CreateBuilder<BundleEvidence>(), ImmutableArray.CreateBuilder<string>());
        foreach (var toolchain in toolchains)
        {
            if (locked.Toolchains.FirstOrDefault(t => t.Tree.ToString() == toolchain.Tree) is not { } made)
            {
                gone.Add($"`{toolchain.Name}` is another one in `{ToolchainLock.FileName}` by now");
                continue;
            }

            foreach (var part in made.Parts.Where(static p => p.IsEvidence))
            {
                if (store?.TryRead(part.Digest, Cairn.Trust.Limits.BundleEvidenceBytesMax) is { } content)
                {
                    evidence.Add(new BundleEvidence(EvidenceKind.Seed, [.. content]));
                }
                else
                {
                    gone.Add($"{part.What} is no longer in the store");
                }
            }
        }

        missing = gone.DrainToImmutable();
        return evidence.DrainToImmutable();
    }

    private static void AddOutputs(ReceiptStep step, DirectoryHandle project, ContentStore? store, PathPatterns? select, ImmutableArray<TreeItem>.Builder items)
    {
        var result = step is { Action: { } action, Attestation: { } attestation } && store is not null ? StoredEnvelopes.TryReadEntry(store, action, attestation, out _, out _)?.Result : null;
        var known = result?.Outputs.Where(static o => o.Target is null).ToDictionary(static o => o.Path, static o => o, StringComparer.Ordinal) ?? [];
        foreach (var output in step.Outputs)
        {
            if (select?.IsMatch(output.Path) is false)
            {
                continue;
            }

            if (known.TryGetValue(output.Path, out var kept) && kept.Digest.Hash == output.Sha256 && store!.Contains(kept.Digest))
            {
                items.Add(new TreeItem(output.Path, IsFolder: false, new TreeLeaf(kept.Digest, kept.Executable)));
            }
            else
            {
                items.Add(FromProject(project, output, step.Job));
            }
        }

        foreach (var (path, target) in step.Links)
        {
            if (select?.IsMatch(path) is not false)
            {
                items.Add(new TreeItem(path, IsFolder: false, new TreeLeaf(Digest.Empty, Executable: false, target)));
            }
        }
    }

    private static TreeItem FromProject(DirectoryHandle project, ReceiptFile output, string job)
    {
        if (project.TryOpenFilePath(output.Path) is { } handle)
        {
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var hash = SHA256.HashData(stream);
            if (Hex.Lower(hash) == output.Sha256)
            {
                return new TreeItem(output.Path, IsFolder: false, new TreeLeaf(new Digest(hash, stream.Position), project.TryStatPath(output.Path) is { Executable: true }));
            }
        }

        throw new BundleException(DiagnosticCodes.BundleInputUnusable, $"`{output.Path}`, which `{job}` made, is neither in the store nor as it was in the project");
    }
}
