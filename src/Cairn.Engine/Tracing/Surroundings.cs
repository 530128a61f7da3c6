using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Core.Tracing;
using Cairn.Engine.Caching;
using Cairn.Engine.Debugging;
using Cairn.Engine.Isolation;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Store.Files;

namespace Cairn.Engine.Tracing;

/// <summary>All that an observed step sees of the project: sources, what it needs, and what else other steps have left in the working tree.</summary>
internal sealed class Surroundings
{
    private readonly FreshStep _step;
    private readonly HashSet<string> _sources = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pipelineFiles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _provided = new(StringComparer.Ordinal);

    private Surroundings(FreshStep step) => _step = step;

    /// <summary>What the step is shown beside its sources and needs.</summary>
    public required InputTree Others { get; init; }

    /// <summary>Everything together.</summary>
    public required MerkleTree Tree { get; init; }

    /// <summary>The files of that, with the targets of links.</summary>
    public Dictionary<string, string?> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Looks around.</summary>
    /// <param name="step">The step, which sees everything.</param>
    /// <param name="job">Its job, as it is declared.</param>
    public static Surroundings Find(FreshStep step, Job job)
    {
        var plan = step.Scope.Plan;
        var makers = new Dictionary<string, string>(StringComparer.Ordinal);
        var found = new Dictionary<string, TreeFile>(StringComparer.Ordinal);
        foreach (var other in plan.Jobs)
        {
            if (other.Step.Name != job.Step.Name && !other.Outputs.IsEmpty)
            {
                Take(step.Tree.Find(other.Outputs), other.Step.Name.Value);
            }
        }

        Take(step.Tree.Find(PathPatterns.Parse(plan.Pipeline.Files.Select(GlobSummary.Escape))), null);
        List<TreeFile> files = [.. found.Values.OrderBy(static f => f.Path, StringComparer.Ordinal)];
        using var storage = new OutputStorage(step.Tree.Root, step.Inputs.Index);
        var others = MerkleTree.Of([.. storage.Take(files, store: null).Select(static o => KeyValuePair.Create(o.Path, new TreeLeaf(o.Digest, o.Executable, o.Target)))]);
        var tree = step.Action.Inputs.TryMerge(others, out var conflict) ?? throw new IOException($"`{conflict}` is a file for one step and a folder for another");
        var surroundings = new Surroundings(step) { Others = InputTree.Of(others, files), Tree = tree };
        tree.ForEach((path, leaf) => surroundings.Files[path] = leaf.Target);
        step.Action.Sources.Tree.ForEach((path, _) => surroundings._sources.Add(path));
        for (var i = 0; i < step.Job.Needs.Length && i + 1 < step.Action.Trees.Length; i++)
        {
            var name = plan.Jobs[step.Job.Needs[i]].Step.Name.Value;
            step.Action.Trees[i + 1].Tree.ForEach((path, _) => surroundings._provided[path] = name);
        }

        foreach (var file in files)
        {
            if (makers.TryGetValue(file.Path, out var maker))
            {
                surroundings._provided[file.Path] = maker;
            }
            else
            {
                surroundings._sources.Add(file.Path);
                surroundings._pipelineFiles.Add(file.Path);
            }
        }

        return surroundings;

        void Take(List<TreeFile> entries, string? maker)
        {
            foreach (var file in entries)
            {
                // Its own from an earlier run it would take for up to date.
                if (file.Stat.Kind is not (FileKind.Regular or FileKind.Symlink) || step.Action.Inputs.TryGet(file.Path) is not null || job.Outputs.IsMatch(file.Path) || !found.TryAdd(file.Path, file))
                {
                    continue;
                }

                if (maker is not null)
                {
                    makers[file.Path] = maker;
                }
            }
        }
    }

    /// <summary>What a proposal is made from, when the step has ended.</summary>
    public TraceSubject Describe(PreparedRun prepared, Job job, SandboxIsolation.MountedRoot root, SandboxIsolation.Ready shared, FileUses uses)
    {
        using var upper = RootKeeper.OpenUpper(root.Place.Spec, shared, root.Name);
        using var work = upper?.TryOpen("work");
        using var merged = root.Place.Root.TryOpen("work") ?? throw new IOException("The step removed its project");
        var (written, changed) = work is null ? ([], []) : UndeclaredWrites.FindAll(work, merged, Tree, PathPatterns.None);
        var reports = Reports(job);
        var left = new List<string>();
        foreach (var path in written)
        {
            if (!path.EndsWith('/') && !reports.IsMatch(path) && !path.Contains('\uFFFD', StringComparison.Ordinal) && merged.TryStatPath(path) is { Kind: FileKind.Regular or FileKind.Symlink })
            {
                left.Add(path);
            }
        }

        uses.Made.RemoveWhere(path => merged.TryStatPath(path) is not { Kind: FileKind.Regular or FileKind.Symlink });
        var plan = _step.Scope.Plan;
        return new TraceSubject
        {
            Sources = _sources,
            PipelineFiles = _pipelineFiles,
            Provided = _provided,
            Needs = new HashSet<string>(job.Step.Needs.Select(static n => n.Name.Value), StringComparer.Ordinal),
            Inputs = job.Inputs,
            Outputs = job.Outputs,
            Left = left,
            Changed = [.. changed.Where(static path => !path.EndsWith('/'))],
            MakerOf = path => MakerOf(plan, job, path),
            IsHidden = IsHidden,
            IsTracked = path => prepared.Git.IsTracked(path),
        };
    }

    private PathPatterns Reports(Job job)
    {
        if (job.Step.JUnitReports.IsEmpty)
        {
            return PathPatterns.None;
        }

        var scope = new JobScope(_step.Scope, job, attempt: 1, needs: null);
        StepEnvironment.Show(scope, job.Step.JUnitReports.SelectMany(static r => r.Expressions), _step.Scope.Plan.Pipeline.Environment, job.Step.Environment);
        return PathPatterns.Parse(job.Step.JUnitReports.Select(scope.Text));
    }

    private static string? MakerOf(Plan plan, Job job, string path)
    {
        foreach (var other in plan.Jobs)
        {
            if (other.Step.Name != job.Step.Name && !other.Outputs.IsEmpty && other.Outputs.IsMatch(path))
            {
                return other.Step.Name.Value;
            }
        }

        return null;
    }

    private bool IsHidden(string path)
    {
        try
        {
            return _step.Tree.Root.TryStatPath(path) is not null;
        }
        catch (IOException)
        {
            // Too long for a name, or not to be read.
            return false;
        }
    }
}
