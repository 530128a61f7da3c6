using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Fetching;
using Cairn.Store.Files;

namespace Cairn.Engine.Isolation;

/// <summary>A sandbox's root, mounted for one attempt.</summary>
internal sealed class SandboxedPlace : IAttemptPlace
{
    private readonly RunContext _run;
    private readonly Job _job;
    private readonly SandboxIsolation.MountedRoot _root;
    private readonly SandboxIsolation.Ready _shared;
    private readonly PreparedAction _action;
    private readonly LimitWatch _limits;
    private RootKeeper? _kept;

    public SandboxedPlace(RunContext run, Job job, PreparedAction action, SandboxIsolation.MountedRoot root, SandboxIsolation.Ready shared, LimitWatch limits)
    {
        _limits = limits;
        _run = run;
        _job = job;
        _action = action;
        _root = root;
        _shared = shared;
        Tree = root.Place.Root.TryOpen("work") ?? throw new IOException("The sandbox has no `/work`");
    }

    public string ProjectDirectory => SandboxIsolation.ProjectDirectory;

    public string Home => SandboxIsolation.Home;

    public string OutputFile => SandboxIsolation.OutputFile;

    public string SummaryFile => SandboxIsolation.SummaryFile;

    public DirectoryHandle Tree { get; }

    /// <summary>A path of the project without <c>.</c> and <c>..</c>. Throws <see cref="IOException"/> where it leads out.</summary>
    public static string Normalize(string relative) =>
        ProcessPlace.InProject(SandboxIsolation.ProjectDirectory, relative)[SandboxIsolation.ProjectDirectory.Length..].TrimStart('/');

    // The folder was made with the place.
    public string Resolve(string relative) => $"{ProjectDirectory}/{Normalize(relative)}".TrimEnd('/');

    public string PutScript(string text) => _run.Sandboxes.PutScript(_root.Place, text);

    public ProcessSpec Complete(ProcessSpec spec) => spec with { Place = _root.Place };

    public byte[]? TryRead(StepFile file, int maxBytes)
    {
        using var folder = _root.Place.Root.TryOpenPath(SandboxIsolation.Exchange);
        using var handle = folder?.TryOpenFile(file == StepFile.Output ? "output" : "summary");
        if (handle is null)
        {
            return null;
        }

        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        return BoundedRead.All(stream, maxBytes);
    }

    public HostTraffic? Traffic => _root.Proxy?.Traffic;

    public CollectedOutputs Collect(Func<ImmutableArray<OutputFile>, string?>? judge)
    {
        var found = OutputTree.CollectFrom(Tree, _job);
        if (found.Failure is not null || _run.Cache is not { } cache)
        {
            return found;
        }

        if (OutputLinks.Problem(Tree, found.Files) is { } problem)
        {
            return found with { Failure = problem };
        }

        var restored = cache.Export(_job, Tree, found.Files, _shared.Store, judge);
        _run.WarnMoved(_job, restored.Moved);
        return found with { Files = restored.Files, Failure = restored.Failure };
    }

    // Nothing that a failed step made reaches the working tree, and what an earlier success left there is not its result.
    public void Abandon() => _run.WarnMoved(_job, _job.Outputs.IsEmpty ? 0 : _run.Tree.Clear(_job));

    public UndeclaredWrites? FindUndeclared()
    {
        using var upper = RootKeeper.OpenUpper(_root.Place.Spec, _shared, _root.Name);
        using var work = upper?.TryOpen("work");
        if (work is null)
        {
            return null;
        }

        var reports = PathPatterns.None;
        if (!_job.Step.JUnitReports.IsEmpty)
        {
            var scope = new JobScope(_run.Scope, _job, attempt: 1, needs: null);
            StepEnvironment.Show(scope, _job.Step.JUnitReports.SelectMany(static r => r.Expressions), _run.Scope.Plan.Pipeline.Environment, _job.Step.Environment);
            reports = PathPatterns.Parse(_job.Step.JUnitReports.Select(scope.Text));
        }

        return UndeclaredWrites.Find(work, Tree, _action.Inputs, _job.Outputs, _job.Outputs.Excluded, reports);
    }

    public List<string> FindMissing(ProcessSpec spec) =>
        MissingInputs.Explain(_run.Scope.Plan, _job, _action.Inputs, _run.Tree.Root, spec.LogPath, spec.Arguments, spec.WorkingDirectory);

    public string? Keep(FailedAttempt failure, CancellationToken cancellationToken)
    {
        if (_run.Request.DebugQuotaBytes == 0)
        {
            return null;
        }

        _kept = RootKeeper.Begin(_run, _job, failure, _root.Place.Spec, _shared, _root.Name, cancellationToken);
        return _kept.Path;
    }

    public void Began(RunningProcess process) => _limits.Began(process);

    public LimitHit? Ended(bool succeeded) => _limits.Ended(succeeded);

    public void Dispose()
    {
        _limits.Dispose();
        Tree.Dispose();
        if (_kept is not null)
        {
            // The folder moves when nothing is mounted over it any more.
            _root.Place.Close();
        }

        _root.Dispose();
        _kept?.Finish();
        _shared.Discard(_root.Name);
    }
}
