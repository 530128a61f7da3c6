using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Scheduling;
using Cairn.Engine.Caching;
using Cairn.Engine.History;
using Cairn.Engine.Receipts;
using Cairn.Engine.Running;
using Cairn.Engine.Trust;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Log;
using Cairn.Trust.Bundles;

namespace Cairn.Engine.Bundles;

/// <summary>
/// Steps with <c>uses: bundle</c>. What one makes is a function of the files alone, so it is cached and attested as any action is; the copy with everything that is told of it, which can only be
/// made when the run has its receipt, stands in the run's folder.
/// </summary>
internal static class BundleStep
{
    /// <summary>What the action of such a step says it is.</summary>
    public const string Kind = "bundle/1";

    /// <summary>The folder of a run in which its sealed bundles stand.</summary>
    public const string Folder = "bundles";

    /// <summary>What of a job's inputs its bundle holds.</summary>
    public static MerkleTree Select(MerkleTree inputs, StepAction.Bundle bundle, JobScope scope)
    {
        var patterns = PathPatterns.Parse(bundle.Files.Select(scope.Text));
        var tree = new MerkleTreeBuilder();
        inputs.ForEach((path, leaf) =>
        {
            if (patterns.IsMatch(path))
            {
                tree.Add(path, leaf);
            }
        });
        return tree.Build();
    }

    /// <summary>Writes a bundle of inputs. Throws <see cref="BundleException"/> and <see cref="IOException"/>.</summary>
    /// <param name="path">The file, whose folder is there.</param>
    /// <param name="inputs">What it holds.</param>
    /// <param name="cache">What keeps outputs of other steps.</param>
    /// <param name="project">The working tree, in which sources stand.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static void Write(string path, MerkleTree inputs, RunCache cache, DirectoryHandle project, CancellationToken cancellationToken)
    {
        var items = ImmutableArray.CreateBuilder<TreeItem>(inputs.Count);
        inputs.ForEach((name, leaf) => items.Add(new TreeItem(name, IsFolder: false, leaf)));
        if (items.Count == 0)
        {
            throw new BundleException(DiagnosticCodes.BundleInputUnusable, "no file matches `files`");
        }

        var content = BundleContent.Of(items.DrainToImmutable(), Open);
        BundleWriter.WriteFile(path, new BundleHead(content.Manifest, content.Tree, []), content.Open, cancellationToken);

        // Whatever stands there by now: what is written is compared with the digest.
        Stream Open(TreeItem item) => cache.TryOpen(item.Leaf.Digest)
            ?? new FileStream(project.TryOpenFilePath(item.Path) ?? throw new IOException($"`{item.Path}` is no longer there"), FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Makes copies of a run's bundles with the receipt and the attestations in them; says so where that cannot be, and lets the run be.</summary>
    public static void Seal(RunRequest request, RunId run, Plan plan, ContentStore? store, RunDirectory directory, RunReporter reporter, TimeProvider time, CancellationToken cancellationToken)
    {
        var projectDirectory = request.ProjectDirectory;
        StoredReceipt? stored = null;
        ImmutableArray<BundleEvidence> evidence = [];
        foreach (var job in plan.Jobs)
        {
            if (job.Step.Action is not StepAction.Bundle)
            {
                continue;
            }

            try
            {
                if (stored is null)
                {
                    // A run without a receipt has said so already.
                    if (new RunReceipts(projectDirectory).TryRead(run, out _) is not { } receipt)
                    {
                        return;
                    }

                    stored = receipt;
                    using var log = LogFolder.OfMachine(request.StateDirectory, TrustFiles.KeysFolderOf(request.KeysDirectory, request.StateDirectory), time);
                    evidence = RunBundle.EvidenceOf(stored, store, log, out _);
                }

                foreach (var step in stored.Receipt.Steps)
                {
                    if (step.Job == job.Id.Value && step is { Status: JobStatus.Succeeded, Outputs: [var output] })
                    {
                        Seal(projectDirectory, output.Path, output.Sha256, evidence, directory, cancellationToken);
                    }
                }
            }
            catch (Exception exception) when (exception is BundleException or IOException or UnauthorizedAccessException or OperationCanceledException)
            {
                reporter.Warn(DiagnosticCodes.BundleNotSealed, $"The bundle of `{job.Id}` has no copy with the receipt of this run: {exception.Message}", job.Id);
            }
        }
    }

    private static void Seal(string projectDirectory, string path, string sha256, ImmutableArray<BundleEvidence> evidence, RunDirectory directory, CancellationToken cancellationToken)
    {
        var source = Path.Combine(projectDirectory, path);
        using (var core = File.OpenRead(source))
        {
            if (Hex.Lower(SHA256.HashData(core)) != sha256)
            {
                throw new BundleException(DiagnosticCodes.BundleDigestWrong, $"`{path}` was changed since it was made");
            }
        }

        using var bundle = BundleReader.Open(source);
        var target = Path.Combine(directory.Root, Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        BundleWriter.WriteFile(target, new BundleHead(bundle.Head.Artifact, bundle.Head.Tree, evidence), bundle.OpenBlob, cancellationToken);
    }
}
