using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Toolchains;
using Cairn.Engine.Caching;
using Cairn.Engine.Caching.Memo;
using Cairn.Engine.Toolchains;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Actions;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Store.Toolchains;

namespace Cairn.Engine.Isolation;

/// <content>What begins with the first sandbox of a run.</content>
internal sealed partial class SandboxIsolation
{
    /// <summary>What all sandboxes of the run share.</summary>
    public sealed record Ready(SandboxOptions Options, LayerStore Layers, ContentStore Store, string Base, DirectoryHandle Memory, string MemoryPath, RunFolder Folder, ImmutableArray<SandboxMount> Mounts) : IDisposable
    {
        public static Ready Make(ProcessHost host, RunInputs inputs, RunRequest request, TimeProvider time)
        {
            var store = inputs.Workshop();
            var folder = inputs.SandboxScratch(store);
            var options = OptionsOf(store, folder, request);
            (DirectoryHandle, string) memory;
            try
            {
                memory = host.SandboxMemory(options);
            }
            catch (IOException exception)
            {
                folder.Dispose();
                throw new IOException($"This machine gives no sandbox: {exception.Message}; `cairn doctor` tells more, and `isolation: process` does without one", exception);
            }

            return Of(options, store, folder, memory, request.StateDirectory, time);
        }

        public static SandboxOptions OptionsOf(ContentStore store, RunFolder folder, RunRequest request) => new() { Folder = store.Directory, Scratch = folder.Relative, Program = request.Program };

        /// <summary>Lays out what all sandboxes begin with. Throws <see cref="IOException"/>.</summary>
        public static Ready Of(SandboxOptions options, ContentStore store, RunFolder folder, (DirectoryHandle Handle, string Path) memory, string stateDirectory, TimeProvider time)
        {
            // Without a key for the memo every layer is read before it is used.
            var key = MemoKey.TryGet(stateDirectory) ?? RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
            var witness = new LayerWitness(VerdictMemo.Open(Path.Combine(stateDirectory, "layers"), key, LayerWitness.Circumstances, time.GetUtcNow(), until: null));
            var layers = new LayerStore(store.Directory, Environment.IsPrivilegedProcess ? options.Owner : null, time, witness);
            var mounts = BaseLayer.MountedFolders().Select(static f => new SandboxMount(f, f, Writable: false));
            return new Ready(options, layers, store, layers.Get(BaseLayer.Key(), BaseLayer.LayOut), memory.Handle, memory.Path, folder, [.. mounts]) { Witness = witness };
        }

        /// <summary>The layers below the inputs: with toolchains, their trees and not the machine's programs. Throws <see cref="IOException"/> where a tree is not in the store, or trees clash.</summary>
        public IEnumerable<string> BaseOf(ToolchainSet? toolchains, ContentStore from)
        {
            if (toolchains is null)
            {
                return [Base];
            }

            if (toolchains.Trees.Length > 1)
            {
                // Looked at once: what is laid out stands for what was found.
                var key = "bare-" + Digest.Of(Encoding.UTF8.GetBytes("union\n" + string.Join('\n', toolchains.Trees))).Hash;
                Layers.Get(key, layer => { TreeUnion.Check(toolchains.Trees, from); layer.AddFolder("etc"); });
            }

            List<string> layers = [.. toolchains.Trees.Select(tree => Layers.Get(LayerStore.ToolchainKey(tree), layer => StoredTree.LayOut(tree, layer, from)))];
            if (toolchains.Paths.Length > 0)
            {
                layers.Add(Layers.Get("bare-" + Digest.Of(Encoding.UTF8.GetBytes("paths\n" + string.Join('\n', toolchains.Paths.Select(static p => p.Path)))).Hash, layer => AddMountPoints(layer, toolchains.Paths)));
            }

            return [.. layers, Layers.Get(BaseLayer.BareKey(), BaseLayer.LayOutBare)];
        }

        /// <summary>What of the machine is mounted.</summary>
        public ImmutableArray<SandboxMount> MountsOf(ToolchainSet? toolchains) => toolchains is null ? Mounts : [.. toolchains.Paths.Select(static p => new SandboxMount(p.Path, p.Path, Writable: false))];

        private static void AddMountPoints(LayerWriter layer, ImmutableArray<LockedPath> paths)
        {
            foreach (var path in paths)
            {
                if (File.Exists(path.Path))
                {
                    layer.AddFile(path.Path[1..], []);
                }
                else
                {
                    layer.AddFolder(path.Path[1..]);
                }
            }
        }

        /// <summary>Where attempts write, relative to the store.</summary>
        public string Scratch => Folder.Relative;

        // What attempts wrote goes with the run: removing files makes the making of others slow, on ext4 for seconds.
        private const int DiscardedMax = 4_000;
        private const double FreePartMin = 0.2;

        private readonly Lazy<DirectoryHandle> _scratch = new(() => DirectoryHandle.Open($"{Store.Directory}/{Folder.Relative}"));
        private readonly HashSet<int> _ahead = [];
        private int _lastMade;
        private bool _isDisposed;

        /// <summary>Which layers are as this machine left them.</summary>
        private LayerWitness? Witness { get; init; }

        private int _discarded;

        /// <summary>Says that the folders of an attempt are no longer needed; they go at once only where there are many or the disk is short of room.</summary>
        public void Discard(string name)
        {
            if (Interlocked.Increment(ref _discarded) < DiscardedMax && HasRoom())
            {
                return;
            }

            try
            {
                Memory.RemoveTree(name);
            }
            catch (IOException)
            {
                // Unmounting is not waited for; what is mounted still goes with the worker.
            }

            _scratch.Value.RemoveTree(name);
        }

        private bool HasRoom()
        {
            var drive = new DriveInfo(Store.Directory);
            return drive.AvailableFreeSpace > FreePartMin * drive.TotalSize;
        }

        /// <summary>Makes the folders that take what an attempt writes, if that has not been done ahead. Throws <see cref="IOException"/>.</summary>
        /// <param name="number">The attempt's number in the run. Those of the next one are made while this one goes on: to make a folder on a disk is slow.</param>
        public void MakeAttempt(int number)
        {
            lock (_ahead)
            {
                if (!_ahead.Remove(number))
                {
                    MakeFolders(number);
                }
            }

            ThreadPool.UnsafeQueueUserWorkItem(static state => state.Shared.MakeAhead(state.Number), (Shared: this, Number: number + 1), preferLocal: false);
        }

        public void Dispose()
        {
            lock (_ahead)
            {
                _isDisposed = true;
                if (_scratch.IsValueCreated)
                {
                    _scratch.Value.Dispose();
                }
            }

            try
            {
                Witness?.Save();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The next run reads the layers that it uses.
            }

            Memory.Dispose();
            Folder.Dispose();
        }

        private void MakeAhead(int number)
        {
            lock (_ahead)
            {
                // Attempts that begin together make theirs themselves.
                if (_isDisposed || number <= _lastMade)
                {
                    return;
                }

                try
                {
                    MakeFolders(number);
                    _ahead.Add(number);
                }
                catch (IOException)
                {
                    // Whoever needs them tries again, and says why.
                }
            }
        }

        private void MakeFolders(int number)
        {
            _lastMade = Math.Max(_lastMade, number);
            using var folder = _scratch.Value.TryCreatePath(number.ToString(CultureInfo.InvariantCulture)) ?? throw new IOException($"`{_scratch.Value.DisplayPath}` is no folder");
            using (var upper = new LayerWriter(folder, Layers.Owner))
            {
                // The upper folder's owner and times are those of the root that the step sees.
                upper.AddFolder("upper");
                upper.Finish();
            }

            using var work = folder.TryCreatePath("work");
        }
    }
}
