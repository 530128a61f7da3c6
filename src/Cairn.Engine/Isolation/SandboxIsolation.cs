using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Engine.Caching;
using Cairn.Engine.Outputs;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;

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
    private readonly OutputTree _tree;
    private readonly Lazy<Ready> _ready;
    private int _lastPlace;

    public SandboxIsolation(ProcessHost host, RunInputs inputs, OutputTree tree, RunRequest request, TimeProvider time)
    {
        _host = host;
        _inputs = inputs;
        _tree = tree;
        _ready = new Lazy<Ready>(() => Ready.Make(host, inputs, request, time));
    }

    /// <summary>What all sandboxes of the run share.</summary>
    public sealed record Ready(SandboxOptions Options, LayerStore Layers, ContentStore Store, string Base, DirectoryHandle Memory, string MemoryPath, string Scratch, ImmutableArray<SandboxMount> Mounts)
    {
        public static Ready Make(ProcessHost host, RunInputs inputs, RunRequest request, TimeProvider time)
        {
            var store = inputs.Workshop();
            var options = new SandboxOptions { Folder = store.Directory, Program = request.Program };
            var (memory, path) = host.SandboxMemory(options);
            var layers = new LayerStore(store.Directory, Environment.IsPrivilegedProcess ? options.Owner : null, time);
            var mounts = BaseLayer.MountedFolders().Select(static f => new SandboxMount(f, f, Writable: false));
            return new Ready(options, layers, store, layers.Get(BaseLayer.Key(), BaseLayer.LayOut), memory, path, inputs.SandboxScratch(store), [.. mounts]);
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
        layers.Add(shared.Base);
        var scratch = $"{shared.Scratch}/{name}";
        shared.MakeAttempt(scratch);
        var limits = job.Step.Limits ?? new StepLimits();
        var place = _host.Enter(
            new SandboxSpec
            {
                Place = number,
                Layers = [.. layers],
                Upper = $"{scratch}/upper",
                Work = $"{scratch}/work",
                Mounts = shared.Mounts,
                Network = job.Step.Network == NetworkAccess.Host ? SandboxNetwork.Host : SandboxNetwork.None,
                Limits = new SandboxLimits
                {
                    OpenFiles = limits.OpenFiles ?? SandboxLimits.Default.OpenFiles,
                    Processes = limits.Processes ?? SandboxLimits.Default.Processes,
                    DiskBytes = limits.DiskBytes,
                    VisibleCpus = run.Request.DeterminismOf(job.Step)?.Cpus,
                },
            },
            shared.Options);
        return new SandboxedPlace(run, job, place, shared, name);
    }

    public void Dispose()
    {
        if (_ready.IsValueCreated)
        {
            _ready.Value.Memory.Dispose();
            using var scratch = DirectoryHandle.Open(Path.GetDirectoryName($"{_ready.Value.Store.Directory}/{_ready.Value.Scratch}")!);
            scratch.RemoveTree(Path.GetFileName(_ready.Value.Scratch));
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
        var room = LayersMax - 2;
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

    private static void AddWorkingDirectory(LayerWriter layer, Job job, int attempt, RunContext run)
    {
        if (job.Step.WorkingDirectory is { } template)
        {
            var scope = new JobScope(run.Scope, job, attempt, needs: null);
            StepEnvironment.Show(scope, template.Expressions, run.Scope.Plan.Pipeline.Environment, job.Step.Environment);
            layer.AddFolder($"work/{SandboxedPlace.Normalize(scope.Text(template))}".TrimEnd('/'));
        }
    }
}
