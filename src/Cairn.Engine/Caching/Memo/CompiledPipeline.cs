using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;
using Cairn.Core.Planning.Compiled;
using Cairn.Engine.History;
using Cairn.Engine.Preparation;

namespace Cairn.Engine.Caching.Memo;

/// <summary>A plan that was read and made in this run.</summary>
/// <param name="Plan">It.</param>
/// <param name="Files">The digests of the files that it was read from.</param>
/// <param name="Diagnostics">What was said about it.</param>
internal sealed record FreshPlan(Plan Plan, IReadOnlyDictionary<string, Digest> Files, ImmutableArray<Diagnostic> Diagnostics);

/// <summary>The memo of a pipeline as one run finds it and leaves it.</summary>
internal sealed record CompiledPipeline(string MemoPath, string PlanKey, byte[]? MacKey, RunMemo? Memo)
{
    // Of the pipelines and parameters of a project, those used last.
    private const int MemosMax = 8;

    /// <summary>The plan where it was made anew; null where it came from the memo.</summary>
    public FreshPlan? Fresh { get; init; }

    /// <summary>Finds the memo of a request, if any.</summary>
    public static CompiledPipeline Load(RunRequest request)
    {
        var path = Path.Combine(RunDirectory.StateDirectory(request.ProjectDirectory), MemoKeys.FileName(request));
        var key = request is { InspectOnly: false, NoCache: false, CacheDirectory: not null } ? MemoKey.TryGet(request.StateDirectory) : null;
        return new CompiledPipeline(path, "", key, key is null ? null : RunMemo.TryLoad(path, key));
    }

    /// <summary>The plan of the memo, where the pipeline's files and all else that it depends on are as they were.</summary>
    public bool TryDecode(RunRequest request, PlanInput input, [NotNullWhen(true)] out Plan? plan, out ImmutableArray<Diagnostic> diagnostics)
    {
        plan = null;
        diagnostics = [];
        if (Memo is not { Files.Length: > 0 } memo || !string.Equals(memo.PlanKey, PlanKey, StringComparison.Ordinal))
        {
            return false;
        }

        var loader = new FileSourceLoader(request.ProjectDirectory);
        try
        {
            foreach (var file in memo.Files)
            {
                if (loader.Load(file.Path) is not { } content || Digest.Of(content) != file.Digest)
                {
                    return false;
                }
            }

            plan = PlanCodec.Decode(memo.Plan, out diagnostics);
            if (memo.PlanReads.Length == 0 || Reads(plan, input) is { } reads && memo.PlanReads.AsSpan().SequenceEqual(reads))
            {
                return true;
            }

            plan = null;
            return false;
        }
        catch (Exception exception) when (exception is IOException or FormatException)
        {
            // The pipeline is read instead, which tells what is wrong with it.
            plan = null;
            return false;
        }
    }

    /// <summary>Writes the memo for the next run, where the plan is a function of the pipeline's files and parameters.</summary>
    public void Save(Plan plan, PlanInput input, string actionKey, MemoSource[] sources, Digest? sourceTree, MemoJob[] jobs)
    {
        if (MacKey is null || Reads(plan, input) is not { } reads)
        {
            return;
        }

        var memo = new RunMemo
        {
            PlanKey = PlanKey,
            PlanReads = reads,
            Files = Fresh is null ? Memo!.Files : [.. Fresh.Files.Select(static f => new MemoFile(f.Key, f.Value))],
            Plan = Fresh is null ? Memo!.Plan : PlanCodec.Encode(Fresh.Plan, Fresh.Diagnostics),
            ActionKey = actionKey,
            Sources = sources,
            SourceTree = sourceTree,
            Jobs = jobs,
        };
        var folder = Path.GetDirectoryName(MemoPath)!;
        Directory.CreateDirectory(folder);
        memo.Save(MemoPath, MacKey);
        if (Memo is null)
        {
            Prune(folder);
        }
    }

    /// <summary>What the plan was made from of git and the run; empty for nothing, null where it cannot be told again.</summary>
    private static byte[]? Reads(Plan plan, PlanInput input)
    {
        var reads = PlanDependencies.OfPlanning(plan.Pipeline);
        return reads is { ReadsFiles: false, Git.IsEmpty: true, Run.IsEmpty: true } ? [] : reads.Fingerprint(input);
    }

    private static void Prune(string folder)
    {
        var files = new DirectoryInfo(folder).GetFiles();
        if (files.Length > MemosMax)
        {
            foreach (var old in files.OrderByDescending(static f => f.LastWriteTimeUtc).Skip(MemosMax))
            {
                old.Delete();
            }
        }
    }
}
