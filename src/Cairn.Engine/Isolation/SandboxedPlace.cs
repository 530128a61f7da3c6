using System.Text;

using Cairn.Core.Planning;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Engine.Isolation;

/// <summary>A sandbox's root, mounted for one attempt.</summary>
internal sealed class SandboxedPlace : IAttemptPlace
{
    private readonly RunContext _run;
    private readonly Job _job;
    private readonly SandboxPlace _place;
    private readonly SandboxIsolation.Ready _shared;
    private readonly string _name;

    public SandboxedPlace(RunContext run, Job job, SandboxPlace place, SandboxIsolation.Ready shared, string name)
    {
        _run = run;
        _job = job;
        _place = place;
        _shared = shared;
        _name = name;
        Tree = place.Root.TryOpen("work") ?? throw new IOException("The sandbox has no `/work`");
    }

    public string ProjectDirectory => SandboxIsolation.ProjectDirectory;

    public string Home => SandboxIsolation.Home;

    public string OutputFile => $"/{SandboxIsolation.Exchange}/output";

    public string SummaryFile => $"/{SandboxIsolation.Exchange}/summary";

    public DirectoryHandle Tree { get; }

    /// <summary>A path of the project without <c>.</c> and <c>..</c>. Throws <see cref="IOException"/> where it leads out.</summary>
    public static string Normalize(string relative)
    {
        var full = Path.GetFullPath(Path.Combine(SandboxIsolation.ProjectDirectory, relative));
        return string.Equals(full, SandboxIsolation.ProjectDirectory, StringComparison.Ordinal) ? ""
            : full.StartsWith(SandboxIsolation.ProjectDirectory + "/", StringComparison.Ordinal) ? full[(SandboxIsolation.ProjectDirectory.Length + 1)..]
            : throw new IOException($"`working_directory: {relative}` leads out of the project");
    }

    // The folder was made with the place.
    public string Resolve(string relative) => $"{ProjectDirectory}/{Normalize(relative)}".TrimEnd('/');

    public string PutScript(string text)
    {
        using var folder = _place.Root.TryOpenPath(SandboxIsolation.Exchange) ?? throw new IOException("The sandbox's root is incomplete");
        using var writer = new LayerWriter(folder, _shared.Layers.Owner);
        writer.AddFile("script", Encoding.UTF8.GetBytes(text));
        return $"/{SandboxIsolation.Exchange}/script";
    }

    // Sorted, so that what lists its variables lists them as any other execution of the action does.
    public ProcessSpec Complete(ProcessSpec spec) => spec with { Place = _place, Environment = spec.Environment.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key)) };

    public byte[]? TryRead(StepFile file, int maxBytes)
    {
        using var folder = _place.Root.TryOpenPath(SandboxIsolation.Exchange);
        using var handle = folder?.TryOpenFile(file == StepFile.Output ? "output" : "summary");
        if (handle is null)
        {
            return null;
        }

        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        return BoundedRead.All(stream, maxBytes);
    }

    public CollectedOutputs Collect()
    {
        var found = OutputTree.CollectFrom(Tree, _job);
        if (found.Failure is not null || _run.Cache is not { } cache)
        {
            return found;
        }

        var restored = cache.Export(_job, Tree, found.Files, _shared.Store);
        _run.WarnMoved(_job, restored.Moved);
        return found with { Files = restored.Files, Failure = restored.Failure };
    }

    // Nothing that a failed step made reaches the working tree, and what an earlier success left there is not its result.
    public void Abandon() => _run.WarnMoved(_job, _job.Outputs.IsEmpty ? 0 : _run.Tree.Clear(_job));

    public void Dispose()
    {
        Tree.Dispose();
        _place.Dispose();
        _shared.Memory.RemoveTree(_name);
        using var scratch = DirectoryHandle.Open($"{_shared.Store.Directory}/{_shared.Scratch}");
        scratch.RemoveTree(_name);
    }
}
