using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Engine.Toolchains;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Store.Toolchains;

namespace Cairn.Engine.Isolation;

/// <summary>
/// The sandboxes of a run: isolation <c>sandbox</c>. A step's root is an overlay of the base, its sources and what each of its needs made, under a folder of the attempt's
/// own. Begins with the first sandboxed attempt. Thread-safe.
/// </summary>
internal sealed class SandboxIsolation : IDisposable
{
    /// <summary>The project's folder as steps see it.</summary>
    public const string ProjectDirectory = "/work";

    /// <summary>The folder behind <c>HOME</c>.</summary>
    public const string Home = "/home/cairn";

    /// <summary>The folder, in the root, of what passes between a step and Cairn.</summary>
    public const string Exchange = "run/cairn";

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

    public SandboxIsolation(ProcessHost host, RunInputs inputs, OutputTree tree, RunRequest request, TimeProvider time)
    {
        _host = host;
        _inputs = inputs;
        _request = request;
        _tree = tree;
        _time = time;
        _ready = new Lazy<Ready>(() => Ready.Make(host, inputs, request, time));
    }

    /// <summary>What all sandboxes of the run share.</summary>
    public sealed record Ready(SandboxOptions Options, LayerStore Layers, ContentStore Store, string Base, DirectoryHandle Memory, string MemoryPath, RunFolder Folder, ImmutableArray<SandboxMount> Mounts)
    {
        public static Ready Make(ProcessHost host, RunInputs inputs, RunRequest request, TimeProvider time)
        {
            var store = inputs.Workshop();
            var folder = inputs.SandboxScratch(store);
            var options = new SandboxOptions { Folder = store.Directory, Scratch = folder.Relative, Program = request.Program };
            DirectoryHandle memory;
            string path;
            try
            {
                (memory, path) = host.SandboxMemory(options);
            }
            catch (IOException exception)
            {
                folder.Dispose();
                throw new IOException($"This machine gives no sandbox: {exception.Message}; `cairn doctor` tells more, and `isolation: process` does without one", exception);
            }

            var layers = new LayerStore(store.Directory, Environment.IsPrivilegedProcess ? options.Owner : null, time);
            var mounts = BaseLayer.MountedFolders().Select(static f => new SandboxMount(f, f, Writable: false));
            return new Ready(options, layers, store, layers.Get(BaseLayer.Key(), BaseLayer.LayOut), memory, path, folder, [.. mounts]);
        }

        /// <summary>The layers below the inputs: with a toolchain, its tree and not the machine's programs. Throws <see cref="IOException"/> where the tree is not in the store.</summary>
        public IEnumerable<string> BaseOf(Digest? toolchain, ContentStore from) => toolchain is not { } tree
            ? [Base]
            : [Layers.Get(BaseLayer.BareKey, BaseLayer.LayOutBare), Layers.Get($"toolchain-{tree.Hash}", layer => StoredTree.LayOut(tree, layer, from))];

        /// <summary>What of the machine is mounted.</summary>
        public ImmutableArray<SandboxMount> MountsOf(Digest? toolchain) => toolchain is null ? Mounts : [];

        /// <summary>Where attempts write, relative to the store.</summary>
        public string Scratch => Folder.Relative;

        // What attempts wrote goes with the run: removing files makes the making of others slow, on ext4 for seconds.
        private const int DiscardedMax = 4_000;
        private const double FreePartMin = 0.2;

        private int _discarded;

        /// <summary>Says that the folders of an attempt are no longer needed; they go at once only where there are many or the disk is short of room.</summary>
        public void Discard(string name)
        {
            if (Interlocked.Increment(ref _discarded) < DiscardedMax && HasRoom())
            {
                return;
            }

            Memory.RemoveTree(name);
            using var scratch = DirectoryHandle.Open($"{Store.Directory}/{Scratch}");
            scratch.RemoveTree(name);
        }

        private bool HasRoom()
        {
            var drive = new DriveInfo(Store.Directory);
            return drive.AvailableFreeSpace > FreePartMin * drive.TotalSize;
        }

        /// <summary>Makes the folders that take what an attempt writes. Throws <see cref="IOException"/>.</summary>
        public void MakeAttempt(string scratch)
        {
            using var store = DirectoryHandle.Open(Store.Directory);
            using var folder = store.TryCreatePath(scratch) ?? throw new IOException($"`{Store.Directory}/{scratch}` is no folder");
            using (var upper = new LayerWriter(folder, Layers.Owner))
            {
                // The upper folder's owner and times are those of the root that the step sees.
                upper.AddFolder("upper");
                upper.Finish();
            }

            using var work = folder.TryCreatePath("work");
        }
    }

    /// <summary>Made with the first use; throws <see cref="IOException"/> with what the machine refuses.</summary>
    public Ready Shared => _ready.Value;

    /// <summary>Makes the place of an attempt. Throws <see cref="IOException"/> with what the machine refuses or what became of an input.</summary>
    public SandboxedPlace Enter(RunContext run, Job job, int attempt, PreparedAction action)
    {
        var root = Mount(run.Scope, job, attempt, action, interactive: false);
        return new SandboxedPlace(run, job, action, root, Shared, new LimitWatch(root.Place, Shared, root.Scratch, root.Group, _time));
    }

    /// <summary>A mounted root.</summary>
    /// <param name="Place">The place.</param>
    /// <param name="Name">The name of its folders.</param>
    /// <param name="Scratch">The folder of what is written, relative to the store.</param>
    /// <param name="Group">The control groups of its processes, which whoever mounted it disposes of; null for none.</param>
    public sealed record MountedRoot(SandboxPlace Place, string Name, string Scratch, ControlGroup? Group);

    /// <summary>Lays out a job's root and mounts it. Throws <see cref="IOException"/>.</summary>
    public MountedRoot Mount(RunScope run, Job job, int attempt, PreparedAction action, bool interactive)
    {
        var shared = Shared;
        var number = Interlocked.Increment(ref _lastPlace);
        var name = number.ToString(CultureInfo.InvariantCulture);
        var layers = new List<string>();
        using (var small = SmallLayer(shared, name))
        {
            LayOut(small, action, shared, layers);
            AddWorkingDirectory(small, job, attempt, run);
            small.Finish();
        }

        layers.Insert(0, $"{shared.MemoryPath}/{name}/small");
        var toolchain = Toolchains.Of(job.Step)?.Tree;
        layers.AddRange(shared.BaseOf(toolchain, _inputs.Store ?? shared.Store));
        var scratch = $"{shared.Scratch}/{name}";
        shared.MakeAttempt(scratch);
        var limits = LimitsOf(job.Step.Limits) with { VisibleCpus = _request.DeterminismOf(job.Step)?.Cpus };
        var group = Group(shared, name, job.Step.Limits, limits);
        try
        {
            var place = _host.Enter(
                new SandboxSpec
                {
                    Place = number,
                    Layers = [.. layers],
                    Upper = $"{scratch}/upper",
                    Work = $"{scratch}/work",
                    Mounts = shared.MountsOf(toolchain),
                    Interactive = interactive,
                    Network = job.Step.Network == NetworkAccess.Host ? SandboxNetwork.Host : SandboxNetwork.None,
                    Limits = group is { BoundsProcesses: true } ? limits with { Processes = null } : limits,
                    Groups = group?.Joins ?? [],
                },
                shared.Options);
            return new MountedRoot(place, name, scratch, group);
        }
        catch
        {
            group?.Dispose();
            throw;
        }
    }

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
        if (_ready.IsValueCreated)
        {
            _ready.Value.Memory.Dispose();
            _ready.Value.Folder.Dispose();
        }
    }

    private static LayerWriter SmallLayer(Ready shared, string name)
    {
        var folder = shared.Memory.TryCreatePath($"{name}/small") ?? throw new IOException("The sandboxes' memory is not a folder");
        return new LayerWriter(folder, shared.Layers.Owner, ownsRoot: true);
    }

    /// <summary>Sources and needs: each tree as a layer that others share, the small ones together in memory.</summary>
    private void LayOut(LayerWriter small, PreparedAction action, Ready shared, List<string> layers)
    {
        var room = LayersMax - 3;
        foreach (var tree in action.Trees)
        {
            if (tree.Tree.Count == 0)
            {
                continue;
            }

            if (IsSmall(tree.Tree) || layers.Count >= room)
            {
                LayOut(small, tree, shared.Store);
                continue;
            }

            layers.Add(shared.Layers.Get(tree.Tree.Digest.Hash, layer => LayOut(layer, tree, shared.Store)));
        }
    }

    private void LayOut(LayerWriter layer, InputTree tree, ContentStore store)
    {
        tree.Tree.ForEach((path, leaf) =>
        {
            var target = $"work/{path}";
            if (leaf.Target is { } link)
            {
                layer.AddLink(target, link);
                return;
            }

            if (!TryCopy(layer, target, path, leaf, tree) && !layer.TryAddBlob(target, leaf.Digest, leaf.Executable, store))
            {
                throw new IOException($"`{path}` changed after it was looked at: run again when nothing else writes to the project");
            }
        });
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
