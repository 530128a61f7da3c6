using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Fetching;
using Cairn.Store.Files;

namespace Cairn.Engine.Isolation;

/// <summary>The working tree itself, and a scratch folder beside it: isolation <c>process</c>, which keeps nothing away from a step.</summary>
internal sealed class ProcessPlace : IAttemptPlace
{
    private readonly RunContext _run;
    private readonly Job _job;
    private readonly Scratch _scratch;
    private readonly PlacedToolCaches? _tools;

    public ProcessPlace(RunContext run, Job job, int attempt)
    {
        _run = run;
        _job = job;
        _scratch = run.Scratch.Take($"{job.Index}.{attempt}");
        try
        {
            _tools = PlacedToolCaches.Place(job, run.Request, run.Tree.Root, _scratch.Home, run.Reporter.Now);
        }
        catch
        {
            run.Return(_scratch, job);
            throw;
        }
    }

    public string ProjectDirectory => _run.Request.ProjectDirectory;

    public string Home => _scratch.Home;

    public string OutputFile => _scratch.OutputFile;

    public string SummaryFile => _scratch.SummaryFile;

    public DirectoryHandle Tree => _run.Tree.Root;

    public string Resolve(string relative) => Resolve(ProjectDirectory, relative);

    /// <summary>A folder of a project. Throws <see cref="IOException"/> where it is not there.</summary>
    public static string Resolve(string project, string relative)
    {
        var full = InProject(project, relative);
        return Directory.Exists(full) ? full : throw new IOException($"`working_directory: {relative}` does not exist");
    }

    /// <summary>A path of a project, without <c>.</c> and <c>..</c>; nothing need be there. Throws <see cref="IOException"/> where it leads out.</summary>
    public static string InProject(string project, string relative)
    {
        var full = Path.GetFullPath(Path.Combine(project, relative));
        return string.Equals(full, project, StringComparison.Ordinal) || full.StartsWith(project.TrimEnd('/') + "/", StringComparison.Ordinal)
            ? full
            : throw new IOException($"`working_directory: {relative}` leads out of the project");
    }

    public string PutScript(string text)
    {
        File.WriteAllText(_scratch.ScriptFile, text);
        return _scratch.ScriptFile;
    }

    public ProcessSpec Complete(ProcessSpec spec) => spec;

    public byte[]? TryRead(StepFile file, int maxBytes)
    {
        var info = new FileInfo(file == StepFile.Output ? OutputFile : SummaryFile);
        if (!info.Exists || info.LinkTarget is not null)
        {
            return null;
        }

        using var stream = info.OpenRead();
        return BoundedRead.All(stream, maxBytes);
    }

    public void Began(RunningProcess process)
    {
        // Nothing bounds it but the machine.
    }

    public LimitHit? Ended(bool succeeded) => null;

    public HostTraffic? Traffic => null;

    // Fetch steps have sandboxes.
    public CollectedOutputs Collect(Func<ImmutableArray<OutputFile>, string?>? judge) => _run.Tree.Collect(_job);

    public void Abandon() => _run.Tree.Collect(_job);

    // Whatever was written stands in the working tree, with all that was there.
    public UndeclaredWrites? FindUndeclared() => null;

    public List<string> FindMissing(ProcessSpec spec) => [];

    public string? Keep(FailedAttempt failure, CancellationToken cancellationToken) => null;

    public void Dispose()
    {
        _tools?.Dispose();
        _run.Return(_scratch, _job);
    }
}
