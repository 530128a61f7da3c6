using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Fetching;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Engine.Toolchains;
using Cairn.Execution;
using Cairn.Execution.Fetching;
using Cairn.Execution.Sandbox;
using Cairn.Store.Content;
using Cairn.Store.Layers;

namespace Cairn.Engine.Isolation;

/// <summary>
/// The sandboxes of a run: isolation <c>sandbox</c>. A step's root is an overlay of the base, its sources and what each of its needs made, under a folder of the attempt's
/// own. Begins with the first sandboxed attempt. Thread-safe.
/// </summary>
internal sealed partial class SandboxIsolation : IDisposable
{
    /// <summary>The project's folder as steps see it.</summary>
    public const string ProjectDirectory = "/work";

    /// <summary>The folder behind <c>HOME</c>.</summary>
    public const string Home = "/home/cairn";

    /// <summary>The folder, in the root, of what passes between a step and Cairn.</summary>
    public const string Exchange = "run/cairn";

    /// <summary>The file behind <c>CAIRN_OUTPUT</c>.</summary>
    public const string OutputFile = $"/{Exchange}/output";

    /// <summary>The file behind <c>CAIRN_SUMMARY</c>.</summary>
    public const string SummaryFile = $"/{Exchange}/summary";

    /// <summary>A script that is too long for an argument.</summary>
    public const string ScriptFile = $"/{Exchange}/script";

    // Trees up to this size are laid out anew for each attempt, in memory: making a folder on a disk costs more than that.
    private const int SmallFilesMax = 64;
    private const long SmallBytesMax = 1 << 20;

    // Beyond this the kernel's options and its look-ups suffer: what needs made merges into one.
    private const int LayersMax = 32;

    private readonly ProcessHost _host;
    private readonly RunInputs _inputs;
    private readonly RunRequest _request;
    private readonly OutputTree _tree;
    private readonly TimeProvider _time;
    private readonly Lazy<Ready> _ready;
    private readonly Lazy<ControlGroups> _groups = new(static () => ControlGroups.Find());
    private int _lastPlace;
    private readonly RunNetworks _networks;

    public SandboxIsolation(ProcessHost host, RunInputs inputs, OutputTree tree, RunRequest request, TimeProvider time)
    {
        _host = host;
        _inputs = inputs;
        _request = request;
        _tree = tree;
        _time = time;
        _networks = new RunNetworks(host);
        _ready = new Lazy<Ready>(() => Ready.Make(host, inputs, request, time));
    }

    /// <summary>Made with the first use; throws <see cref="IOException"/> with what the machine refuses.</summary>
    public Ready Shared => _ready.Value;

    /// <summary>Makes the place of an attempt. Throws <see cref="IOException"/> with what the machine refuses or what became of an input.</summary>
    public SandboxedPlace Enter(RunContext run, Job job, int attempt, PreparedAction action)
    {
        var root = Mount(run.Scope, job, attempt, action, interactive: false);
        return new SandboxedPlace(run, job, action, root, Shared, new LimitWatch(root.Place, Shared, root.Scratch, root.Group, _time));
    }

    /// <summary>A mounted root, and what goes with it.</summary>
    public sealed record MountedRoot(SandboxPlace Place) : IDisposable
    {
        /// <summary>The name of its folders.</summary>
        public required string Name { get; init; }

        /// <summary>The folder of what is written, relative to the store.</summary>
        public required string Scratch { get; init; }

        /// <summary>The control groups of its processes; null for none.</summary>
        public ControlGroup? Group { get; init; }

        /// <summary>The network that nobody else has; null for none.</summary>
        public NetworkNamespace? Network { get; init; }

        /// <summary>What of the machine's network is reached from there by name; null for nothing.</summary>
        public HostProxy? Proxy { get; init; }

        /// <summary>The tool caches in it; null for none.</summary>
        public PlacedToolCaches? Tools { get; init; }

        public void Dispose()
        {
            Place.Dispose();
            Group?.Dispose();
            Proxy?.Dispose();
            Network?.Dispose();
            Tools?.Dispose();
        }
    }

    /// <summary>Lays out a job's root and mounts it. Throws <see cref="IOException"/>.</summary>
    public MountedRoot Mount(RunScope run, Job job, int attempt, PreparedAction action, bool interactive)
    {
        var shared = Shared;
        var step = job.Step;
        var access = _request.NetworkOf(step);
        var (number, name) = NextPlace();
        var tools = PlacedToolCaches.Open(job, _request, action.Inputs, shared.Layers.Owner, _time.GetUtcNow());
        NetworkNamespace? own = null;
        HostProxy? proxy = null;
        ControlGroup? group = null;
        try
        {
            own = step.Services.IsEmpty ? _networks.Own(access, shared.Options) : null;
            proxy = step.Fetch is { } fetch ? HostProxy.Start(own!, fetch.Hosts, UpstreamProxy.Read(Environment.GetEnvironmentVariable)) : null;
            var limits = LimitsOf(step.Limits) with { VisibleCpus = _request.DeterminismOf(step)?.Cpus };
            group = Group(shared, name, step.Limits, limits);
            var spec = Spec(shared, number, name, job.Id.Value, action.Trees, action.Toolchains, small =>
            {
                AddWorkingDirectory(small, job, attempt, run);
                RunNetworks.AddNames(small, access, step.Services);
                if (proxy is not null)
                {
                    FetchEnvironment.AddCertificates(small, Environment.GetEnvironmentVariable);
                }

                foreach (var mount in tools?.Mounts ?? [])
                {
                    small.AddFolder(mount.Target[1..]);
                }
            });
            var place = _host.Enter(
                spec with
                {
                    Interactive = interactive,
                    Network = RunNetworks.Kind(access),
                    Namespace = step.Services.IsEmpty ? own : _networks.Shared(access, shared.Options),
                    Binds = tools?.Mounts ?? [],
                    Limits = limits,
                    Groups = group?.Joins ?? [],
                    GroupsBoundProcesses = group is { BoundsProcesses: true },
                },
                shared.Options);
            return new MountedRoot(place) { Name = name, Scratch = $"{shared.Scratch}/{name}", Group = group, Network = own, Proxy = proxy, Tools = tools };
        }
        catch
        {
            group?.Dispose();
            proxy?.Dispose();
            own?.Dispose();
            tools?.Dispose();
            throw;
        }
    }

    /// <summary>Lays out the root of a service, in the network that it shares with the steps that use it, and mounts it. Throws <see cref="IOException"/>.</summary>
    /// <param name="service">Its name.</param>
    /// <param name="trees">The files of the project in it.</param>
    /// <param name="folder">The folder of the project in which it starts, as <see cref="SandboxedPlace.Normalize"/> has it.</param>
    /// <param name="services">All of the pipeline's.</param>
    /// <param name="access">What of the network the steps reach that use it: not the machine's.</param>
    public MountedRoot MountService(string service, ImmutableArray<InputTree> trees, string folder, ImmutableArray<Service> services, NetworkAccess access)
    {
        var shared = Shared;
        var network = _networks.Shared(access, shared.Options);
        var (number, name) = NextPlace();
        var spec = Spec(shared, number, name, $"service:{service}", trees, toolchains: null, small =>
        {
            small.AddFolder($"work/{folder}".TrimEnd('/'));
            RunNetworks.AddNames(small, access, [.. services.Select(static s => new StepReference(s.Name, s.Span))]);
        });
        var place = _host.Enter(spec with { Network = RunNetworks.Kind(access), Namespace = network }, shared.Options);
        return new MountedRoot(place) { Name = name, Scratch = $"{shared.Scratch}/{name}" };
    }

    private (int Number, string Name) NextPlace()
    {
        var number = Interlocked.Increment(ref _lastPlace);
        return (number, number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Lays out the layers of a root, and what only this root has. The layers that a job or service used last serve as the base of its next ones.</summary>
    private SandboxSpec Spec(Ready shared, int number, string name, string owner, ImmutableArray<InputTree> trees, ToolchainSet? toolchains, Action<LayerWriter> addOwn)
    {
        var layers = new List<string>();
        using (var small = SmallLayer(shared, name))
        {
            LayOut(small, owner, trees, shared, layers);
            addOwn(small);
            small.Finish();
        }

        layers.Insert(0, $"{shared.MemoryPath}/{name}/small");
        layers.AddRange(shared.BaseOf(toolchains, _inputs.Store ?? shared.Store));
        var scratch = $"{shared.Scratch}/{name}";
        shared.MakeAttempt(number);
        return new SandboxSpec { Place = number, Layers = [.. layers], Upper = $"{scratch}/upper", Work = $"{scratch}/work", Mounts = shared.MountsOf(toolchains) };
    }

    /// <summary>Puts a script that is too long for an argument; returns its path as the process sees it.</summary>
    public string PutScript(SandboxPlace place, string text)
    {
        using var folder = place.Root.TryOpenPath(Exchange) ?? throw new IOException("The sandbox's root is incomplete");
        using var writer = new LayerWriter(folder, Shared.Layers.Owner);
        writer.AddFile("script", Encoding.UTF8.GetBytes(text));
        return ScriptFile;
    }

    /// <summary>Gives up a root of which nothing is kept.</summary>
    public void Leave(MountedRoot root)
    {
        root.Dispose();
        Shared.Discard(root.Name);
    }

    /// <summary>Makes where attempts of a run write. What killed runs left there, and the control groups of their steps, is removed.</summary>
    public static RunFolder MakeFolder(ContentStore store, string run) => RunFolder.Make(store.Directory, run, static (dead, group) => ControlGroup.RemoveLeft(group, GroupPrefix(dead)));

    /// <summary>With what the names of a run's control groups begin.</summary>
    public static string GroupPrefix(string run) => $"cairn-{run}-";

    /// <summary>What the steps' toolchains are.</summary>
    public ProjectToolchains Toolchains => _inputs.Toolchains;

    private static SandboxLimits LimitsOf(StepLimits? limits) => limits is null ? SandboxLimits.Default : new SandboxLimits
    {
        OpenFiles = limits.OpenFiles ?? SandboxLimits.Default.OpenFiles,
        Processes = limits.Processes,
        MemoryBytes = limits.MemoryBytes,
        Cpus = limits.Cpus,
        DiskBytes = limits.DiskBytes,
    };

    /// <summary>The control groups of an attempt; null for one without limits, which never looks for any. Throws <see cref="IOException"/> with what the machine cannot hold.</summary>
    private ControlGroup? Group(Ready shared, string name, StepLimits? step, SandboxLimits limits)
    {
        if (step is null or { MemoryBytes: null, Cpus: null, Processes: null })
        {
            return null;
        }

        var group = _groups.Value.Create(GroupPrefix(Path.GetFileName(shared.Scratch)) + name, limits, step.Processes);
        foreach (var folder in group?.Folders ?? [])
        {
            shared.Folder.Note(Path.GetDirectoryName(folder)!);
        }

        return group;
    }

    public void Dispose()
    {
        _networks.Dispose();
        if (_ready.IsValueCreated)
        {
            _ready.Value.Dispose();
        }
    }

    private static LayerWriter SmallLayer(Ready shared, string name)
    {
        var folder = shared.Memory.TryCreatePath($"{name}/small") ?? throw new IOException("The sandboxes' memory is not a folder");
        return new LayerWriter(folder, shared.Layers.Owner, ownsRoot: true);
    }

    /// <summary>Sources and needs: each tree as layers that others share, the small ones together in memory.</summary>
    private void LayOut(LayerWriter small, string owner, ImmutableArray<InputTree> trees, Ready shared, List<string> layers)
    {
        // The base, a toolchain and the small layer; a tree takes up to two.
        const int Room = LayersMax - 3 - 2;
        for (var i = 0; i < trees.Length; i++)
        {
            var tree = trees[i];
            if (tree.Tree.Count == 0)
            {
                continue;
            }

            if (IsSmall(tree.Tree) || layers.Count > Room)
            {
                tree.Tree.ForEach((path, leaf) => LayOut(small, $"{LayerStore.TreeFolder}/{path}", path, leaf, tree, shared.Store));
                continue;
            }

            var slot = $"{_request.ProjectDirectory}\0{owner}\0{i.ToString(CultureInfo.InvariantCulture)}";
            layers.AddRange(shared.Layers.GetTree(tree.Tree, slot, (layer, target, path, leaf) => LayOut(layer, target, path, leaf, tree, shared.Store)));
        }
    }

    private void LayOut(LayerWriter layer, string target, string path, in TreeLeaf leaf, InputTree tree, ContentStore store)
    {
        if (leaf.Target is { } link)
        {
            layer.AddLink(target, link);
        }
        else if (!TryCopy(layer, target, path, leaf, tree) && !layer.TryAddBlob(target, leaf.Digest, leaf.Executable, store))
        {
            throw new IOException($"`{path}` changed after it was looked at: run again when nothing else writes to the project");
        }
    }

    /// <summary>Copies what stands in the working tree, if it still stands there as it was digested.</summary>
    private bool TryCopy(LayerWriter layer, string target, string path, in TreeLeaf leaf, InputTree tree)
    {
        if (!tree.Stats.Value.TryGetValue(path, out var stat) || !_tree.Root.HasStat(path, stat))
        {
            return false;
        }

        using var source = _tree.Root.TryOpenFilePath(path);
        if (source is null)
        {
            return false;
        }

        layer.AddFile(target, source, leaf.Executable);
        return _tree.Root.HasStat(path, stat) ? true : throw new IOException($"`{path}` changed while it was copied: run again when nothing else writes to the project");
    }

    private static bool IsSmall(MerkleTree tree)
    {
        if (tree.Count > SmallFilesMax)
        {
            return false;
        }

        long bytes = 0;
        tree.ForEach((_, leaf) => bytes += leaf.Digest.SizeBytes);
        return bytes <= SmallBytesMax;
    }

    private static void AddWorkingDirectory(LayerWriter layer, Job job, int attempt, RunScope run)
    {
        if (job.Step.WorkingDirectory is { } template)
        {
            var scope = new JobScope(run, job, attempt, needs: null);
            StepEnvironment.Show(scope, template.Expressions, run.Plan.Pipeline.Environment, job.Step.Environment);
            layer.AddFolder($"work/{SandboxedPlace.Normalize(scope.Text(template))}".TrimEnd('/'));
        }
    }
}
