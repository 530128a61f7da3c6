using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Language;
using Cairn.Engine.Isolation;
using Cairn.Engine.Preparation;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Store.Roots;

namespace Cairn.Engine.Debugging;

/// <summary>A kept root cannot be entered; the message says why and what to do.</summary>
public sealed class DebugException(string message) : Exception(message);

/// <summary>
/// The root of a failed attempt, entered again. What is changed goes into folders of its own above what the step wrote, so that it can be told from that, shown and dropped.
/// One session has the root at a time.
/// </summary>
public sealed class DebugSession : IAsyncDisposable
{
    private const string Sessions = "session";
    private const string Work = "session-work";
    private const int SessionsMax = 12;

    private readonly ProcessHost _host;
    private readonly FileLock _lock;
    private readonly SandboxOptions _options;
    private readonly string _store;
    private readonly string _relative;
    private int _lastPlace;

    private DebugSession(KeptRoot root, string store, string relative, string program, FileLock taken)
    {
        Root = root;
        _store = store;
        _relative = relative;
        _lock = taken;
        _options = new SandboxOptions { Folder = store, Program = program };
        _host = ProcessHost.Create(new ProcessHostOptions { PidNamespace = false, RunToken = $"debug-{Environment.ProcessId}" });
    }

    /// <summary>What is entered.</summary>
    public KeptRoot Root { get; }

    /// <summary>The folder of the root on the disk.</summary>
    public string Directory => $"{_store}/{_relative}";

    private uint? Owner => Environment.IsPrivilegedProcess ? _options.Owner : null;

    /// <summary>Takes a root. Throws <see cref="DebugException"/>.</summary>
    /// <param name="rootDirectory">The folder of the root, as events tell it.</param>
    /// <param name="program">The executable <c>cairn</c>.</param>
    public static DebugSession Open(string rootDirectory, string program)
    {
        if (!System.IO.Directory.Exists(rootDirectory))
        {
            throw new DebugException($"The root `{rootDirectory}` is no longer kept: it was too old or too much (`debug.keep_days`, `debug.quota`); run the step again");
        }

        if (KeptRoots.TryRead(rootDirectory) is not { } root)
        {
            throw new DebugException($"`{rootDirectory}/{KeptRoots.DescriptionFile}` cannot be read, or was written by another version of cairn");
        }

        // STORE/roots/RUN/JOB
        var store = Path.GetFullPath(Path.Combine(rootDirectory, "../../.."));
        foreach (var layer in root.Layers)
        {
            if (!System.IO.Directory.Exists(Path.Combine(store, layer)))
            {
                throw new DebugException($"The layer `{layer}`, which the root is made of, is gone: run the step again");
            }
        }

        foreach (var mount in root.Mounts)
        {
            if (!System.IO.Directory.Exists(mount.Host))
            {
                throw new DebugException($"`{mount.Host}`, which the step saw, is gone from this machine");
            }
        }

        var taken = KeptRoots.TryTake(rootDirectory, $"cairn debug, process {Environment.ProcessId}")
            ?? throw new DebugException($"Somebody is in this root already: {KeptRoots.HolderOf(rootDirectory)}");
        return new DebugSession(root, store, Path.GetRelativePath(store, rootDirectory), program, taken);
    }

    /// <summary>Reads the values of the secrets that the step had, as its pipeline declares them now. Throws <see cref="DebugException"/>.</summary>
    public async Task<ImmutableDictionary<string, string>> ReadSecretsAsync(string pipelineFile, Action<string> warn, CancellationToken cancellationToken)
    {
        var values = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (PipelineReader.Read(pipelineFile, new FileSourceLoader(Root.Project)).Pipeline is not { } pipeline)
        {
            throw new DebugException($"The pipeline `{pipelineFile}`, which declares the secrets, has mistakes: `cairn validate` shows them");
        }

        var secrets = new SecretResolver(pipeline.Secrets, Root.Project, _host, (_, text) => warn(text));
        foreach (var (variable, secret) in Root.SecretVariables)
        {
            if (secret.Length == 0)
            {
                warn($"The variable `{variable}` was made from a secret and stays unset");
                continue;
            }

            try
            {
                values[variable] = await secrets.ResolveAsync(secret, cancellationToken);
            }
            catch (SecretException exception)
            {
                throw new DebugException(exception.Message);
            }
        }

        return values.ToImmutable();
    }

    /// <summary>
    /// Runs a program in the root, its changes kept, also where it is cancelled; its exit code. Throws <see cref="DebugException"/>, <see cref="IOException"/> with what the
    /// machine refuses, and <see cref="OperationCanceledException"/>.
    /// </summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="variables">Variables beside those of the step.</param>
    /// <param name="onTerminal">Whether it gets a terminal.</param>
    /// <param name="warn">Told what a person should know.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public int Run(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables, bool onTerminal, Action<string> warn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(warn);
        var toDisk = _host.SandboxUpperProblem(_options) is null;
        var uppers = Uppers();
        if (!toDisk && uppers.Count >= SessionsMax)
        {
            throw new DebugException($"There are {uppers.Count} sessions in this root already: export them with `--patch`, then drop them with `--reset`");
        }

        var upper = toDisk && uppers.Count > 0 ? uppers[0] : MakeUpper(uppers.Count + 1);
        List<string> layers = [.. uppers.Where(u => !string.Equals(u, upper, StringComparison.Ordinal)), $"{_relative}/{KeptRoots.Upper}", .. Root.Layers];
        using var network = SandboxNetworks.Parse(Root.Network) == SandboxNetwork.Wan ? _host.OpenNetwork(SandboxNetwork.Wan, _options) : null;
        // One session has the root at a time: what a killed one left is taken over, and goes with this one.
        using var group = ControlGroups.Find().Create($"cairn-debug-{Root.Run}-{Path.GetFileName(_relative)}", Limits, Limits.Processes);
        var spec = Spec(layers, onTerminal, network) with
        {
            Upper = toDisk ? upper : null,
            Work = toDisk ? FreshWork() : null,
            Limits = Limits,
            Groups = group?.Joins ?? [],
            GroupsBoundProcesses = group is { BoundsProcesses: true },
        };
        using var place = _host.Enter(spec, _options);
        var environment = new Dictionary<string, string>(Root.Environment, StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        using var folder = place.Root.TryOpenPath(Root.WorkingDirectory.TrimStart('/'));
        try
        {
            return AttachedProcess.Run(
                place,
                new ProcessSpec { Arguments = [.. command], Environment = [.. environment], WorkingDirectory = folder is null ? SandboxIsolation.ProjectDirectory : Root.WorkingDirectory },
                cancellationToken);
        }
        finally
        {
            if (group is { OutOfMemoryKills: > 0 })
            {
                warn("It was killed for memory: the limit of the step (`limits: memory`) holds here, too");
            }

            if (!toDisk)
            {
                Save(spec.Place, upper);
            }
        }
    }

    /// <summary>What sessions changed in the project's tree. Throws <see cref="IOException"/>.</summary>
    /// <param name="forProject">Whether it is for the project as the step was given it, and not for what the step left: without files that the step wrote.</param>
    public TreePatch Diff(bool forProject)
    {
        List<string> kept = [$"{_relative}/{KeptRoots.Upper}", .. Root.Layers];
        using var given = forProject ? _host.Enter(Spec(Root.Layers, interactive: false, network: null), _options) : null;
        using var before = _host.Enter(Spec(kept, interactive: false, network: null), _options);
        using var after = _host.Enter(Spec([.. Uppers(), .. kept], interactive: false, network: null), _options);
        const string Project = "work";
        using var project = given?.Root.TryOpen(Project);
        using var old = before.Root.TryOpen(Project) ?? throw new IOException("The root has no `/work`");
        using var now = after.Root.TryOpen(Project) ?? throw new IOException("The root has no `/work` any more: `--reset` brings it back");
        return TreePatch.Between(project, old, now);
    }

    /// <summary>Drops what sessions changed; whether there was anything.</summary>
    public bool Reset()
    {
        var any = System.IO.Directory.Exists($"{Directory}/{Sessions}");
        using var folder = DirectoryHandle.Open(Directory);
        folder.RemoveTree(Sessions);
        folder.RemoveTree(Work);
        return any;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _lock.Dispose();
    }

    /// <summary>The folders that sessions wrote to, the newest first, relative to the store.</summary>
    private List<string> Uppers()
    {
        var uppers = new List<string>();
        for (var i = 1; System.IO.Directory.Exists($"{Directory}/{Sessions}/{i}/{KeptRoots.Upper}"); i++)
        {
            uppers.Insert(0, string.Create(CultureInfo.InvariantCulture, $"{_relative}/{Sessions}/{i}/{KeptRoots.Upper}"));
        }

        return uppers;
    }

    private string MakeUpper(int number)
    {
        using var store = DirectoryHandle.Open(_store);
        var path = string.Create(CultureInfo.InvariantCulture, $"{_relative}/{Sessions}/{number}");
        using var folder = store.TryCreatePath(path) ?? throw new IOException($"`{path}` is no folder");
        using var writer = new LayerWriter(folder, Owner);
        writer.AddFolder(KeptRoots.Upper);
        writer.Finish();
        return $"{path}/{KeptRoots.Upper}";
    }

    /// <summary>The kernel refuses the working folder of an overlay that was not synced, as ours never are.</summary>
    private string FreshWork()
    {
        using var folder = DirectoryHandle.Open(Directory);
        folder.RemoveTree(Work);
        using var work = folder.TryCreatePath(Work);
        return $"{_relative}/{Work}";
    }

    private void Save(int place, string upper)
    {
        var (memory, _) = _host.SandboxMemory(_options);
        using (memory)
        {
            using var store = DirectoryHandle.Open(_store);
            using var from = memory.TryOpenPath(string.Create(CultureInfo.InvariantCulture, $"{place}/memory/upper"));
            using var to = store.TryOpenPath(upper);
            if (from is not null && to is not null)
            {
                UpperFolder.Copy(from, to, long.MaxValue, CancellationToken.None);
            }
        }
    }

    // What the step might write does not bind the person who looks into it.
    private SandboxLimits Limits => new() { OpenFiles = Root.OpenFiles, Processes = Root.Processes, MemoryBytes = Root.MemoryBytes, Cpus = Root.Cpus, VisibleCpus = Root.VisibleCpus };

    private SandboxSpec Spec(IReadOnlyList<string> layers, bool interactive, NetworkNamespace? network) => new()
    {
        Place = ++_lastPlace,
        Layers = [.. layers],
        Upper = null,
        Work = null,
        Mounts = [.. Root.Mounts.Select(static m => new SandboxMount(m.Host, m.Target, m.Writable))],
        Network = network?.Network ?? (SandboxNetworks.Parse(Root.Network) == SandboxNetwork.Host ? SandboxNetwork.Host : SandboxNetwork.None),
        Namespace = network,
        Hostname = Root.Hostname,
        Umask = Root.Umask,
        Interactive = interactive,
    };
}
