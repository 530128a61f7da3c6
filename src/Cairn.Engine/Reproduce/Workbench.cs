using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Engine.Isolation;
using Cairn.Engine.Running;
using Cairn.Execution;
using Cairn.Execution.Sandbox;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Engine.Reproduce;

/// <summary>
/// Executes recipes in sandboxes of their own. Inputs are laid out in memory, where a folder lists its files in the order in which they were made; the working tree is read
/// and never written, and no result is kept.
/// </summary>
internal sealed class Workbench : IBench, IAsyncDisposable
{
    private const string OtherFolder = "srv/another/place/of/the-project";
    private const string OtherHost = "another-host";
    private const string OtherUser = "another";
    private const int OtherUserId = 1234;
    private const string OtherLocale = "et_EE.UTF-8";
    private const string OtherZone = "<+1345>-13:45";
    private const int OtherUmask = 0x17;

    // A leap year, an hour, a minute and a second: another value in every part of a date.
    private const long AheadSeconds = (366 * 86_400) + 3_661;
    private static readonly TimeSpan Later = TimeSpan.FromMilliseconds(1_100);

    private readonly ProcessHost _host;
    private readonly SandboxIsolation.Ready _shared;
    private readonly DirectoryHandle _project;
    private readonly SecretResolver? _secrets;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, string> _trees = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly string? _fakeTime = FakeTime.Find();
    private int _lastPlace;
    private int _lastTree;

    public Workbench(ProcessHost host, ContentStore store, RunRequest request, SecretResolver? secrets, TimeProvider time)
    {
        _host = host;
        _secrets = secrets;
        _time = time;
        var run = $"reproduce-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}-{time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}";
        var folder = SandboxIsolation.MakeFolder(store, run);
        try
        {
            var options = SandboxIsolation.Ready.OptionsOf(store, folder, request);
            _shared = SandboxIsolation.Ready.Of(options, store, folder, host.SandboxMemory(options), request.StateDirectory, time);
        }
        catch
        {
            folder.Dispose();
            throw;
        }

        _project = DirectoryHandle.Open(request.ProjectDirectory);
    }

    public bool MovesClocks => _fakeTime is not null;

    public ImmutableArray<string> Secrets => _secrets?.Known ?? [];

    public string Scratch => $"{_shared.Store.Directory}/{_shared.Scratch}";

    /// <summary>What can be varied for a recipe: what its own environment fixes is an input as any other.</summary>
    public static Variations Possible(Recipe recipe)
    {
        var possible = VariationNames.All;
        if (recipe.Variable("LC_ALL") is not null || recipe.Variable("LANG") != "C.UTF-8")
        {
            possible &= ~Variations.Locale;
        }

        if (recipe.Variable("TZ") is not null)
        {
            possible &= ~Variations.TimeZone;
        }

        if (recipe.Variable("FAKETIME") is not null)
        {
            possible &= ~Variations.Time;
        }

        return recipe.Cpus is not null || Environment.ProcessorCount == 1 ? possible & ~Variations.Cpus : possible;
    }

    /// <summary>At once, or where the time is varied and cannot be faked, a second later.</summary>
    public async Task<Specimen> ExecuteAsync(Recipe recipe, Conditions conditions, CancellationToken cancellationToken)
    {
        var vary = conditions.Vary;
        var folder = vary.HasFlag(Variations.Path) ? OtherFolder : SandboxIsolation.ProjectDirectory[1..];
        var environment = await EnvironmentAsync(recipe, vary, folder, conditions.FrozenAt, cancellationToken);
        if (vary.HasFlag(Variations.Time) && FakeTimeFor(recipe) is null)
        {
            await Task.Delay(Later, _time, cancellationToken);
        }

        var number = Interlocked.Increment(ref _lastPlace);
        var scratch = $"{_shared.Scratch}/{number.ToString(CultureInfo.InvariantCulture)}";
        _shared.MakeAttempt(number);
        var place = _host.Enter(
            new SandboxSpec
            {
                Place = number,
                Layers = [.. Layers(recipe, vary, folder)],
                // In memory a folder lists what was made last first, on a disk in an order of its own.
                Upper = vary.HasFlag(Variations.FileOrder) ? null : $"{scratch}/upper",
                Work = vary.HasFlag(Variations.FileOrder) ? null : $"{scratch}/work",
                Mounts = _shared.MountsOf(recipe.Toolchain),
                Network = recipe.HostNetwork ? SandboxNetwork.Host : SandboxNetwork.None,
                Hostname = vary.HasFlag(Variations.Hostname) ? OtherHost : "cairn",
                Umask = vary.HasFlag(Variations.Umask) ? OtherUmask : 0x12,
                UserId = vary.HasFlag(Variations.User) ? OtherUserId : BaseLayer.UserId,
                Limits = SandboxLimits.Default with { VisibleCpus = vary.HasFlag(Variations.Cpus) ? 1 : recipe.Cpus },
            },
            _shared.Options);
        DirectoryHandle? tree = null;
        try
        {
            tree = place.Root.TryOpenPath(folder) ?? throw new IOException($"The sandbox has no `/{folder}`");
            var tail = new TailSink();
            var log = $"{_shared.Store.Directory}/{scratch}/log";
            var process = _host.Start(
                new ProcessSpec
                {
                    Arguments = recipe.Script is null ? recipe.Action.Arguments : [.. recipe.Action.Arguments[..^2], SandboxIsolation.ScriptFile],
                    Environment = [.. environment],
                    WorkingDirectory = $"/{folder}/{recipe.WorkingDirectory}".TrimEnd('/'),
                    Place = place,
                    Secrets = Secrets,
                    LogPath = log,
                },
                tail);
            using var tooLong = new CancellationTokenSource(conditions.Longest, _time);
            await using (tooLong.Token.Register(process.Kill))
            await using (cancellationToken.Register(process.Kill))
            {
                var result = await process.Completion;
                cancellationToken.ThrowIfCancellationRequested();
                var (values, problem) = result is { ExitCode: 0, StartError: null } ? ReadValues(place) : (ImmutableSortedDictionary<string, string>.Empty, ProcessEnds.Describe(result));
                var end = tooLong.IsCancellationRequested && result.ExitCode != 0 ? $"gave no result within {Durations.Format(conditions.Longest)}" : problem;
                return new ExecutedSpecimen(
                    tree, recipe.Outputs, values, end is null ? null : (end, tail.LastLine), TimeSpan.FromMilliseconds(result.Resources.WallMs), () => Leave(place, number))
                {
                    Trace = new ExecutionTrace(DigestOf(log), SummaryOf(place), result.Resources, _time.GetUtcNow()),
                };
            }
        }
        catch
        {
            tree?.Dispose();
            Leave(place, number);
            throw;
        }
    }

    public async Task<CapturedOutput> ExamineAsync(ImmutableArray<string> program, string first, string second, int bytesMax, TimeSpan timeout, CancellationToken cancellationToken)
    {
        const string Names = "work";
        var number = Interlocked.Increment(ref _lastPlace);
        var files = LayOut($"examine {number.ToString(CultureInfo.InvariantCulture)}", writer =>
        {
            foreach (var (name, path) in (ReadOnlySpan<(string, string)>)[("first", first), ("second", second)])
            {
                using var source = File.OpenHandle(path);
                _ = writer.AddFile($"{Names}/{name}", source, executable: false);
            }
        });
        using var place = _host.Enter(new SandboxSpec { Place = number, Layers = [files, _shared.Base], Upper = null, Work = null, Mounts = _shared.Mounts }, _shared.Options);
        return await CommandCapture.RunAsync(
            _host,
            new ProcessSpec
            {
                Arguments = [.. program, "first", "second"],
                Environment = [new("HOME", SandboxIsolation.Home), new("LC_ALL", "C.UTF-8"), new("PATH", "/usr/local/bin:/usr/bin:/bin")],
                WorkingDirectory = $"/{Names}",
                Place = place,
            },
            bytesMax, timeout, cancellationToken);
    }

    /// <summary>Gives the memory back that the inputs of a recipe took; nothing is mounted over them any more.</summary>
    public void DropTrees()
    {
        lock (_gate)
        {
            foreach (var tree in _trees.Values)
            {
                _shared.Memory.RemoveTree(Path.GetFileName(tree));
            }

            _trees.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _project.Dispose();
        await _host.DisposeAsync();
        _shared.Dispose();
    }

    private void Leave(SandboxPlace place, int number)
    {
        place.Dispose();
        using var scratch = DirectoryHandle.Open(Scratch);
        scratch.RemoveTree(number.ToString(CultureInfo.InvariantCulture));
    }

    private async Task<Dictionary<string, string>> EnvironmentAsync(Recipe recipe, Variations vary, string folder, long? frozenAt, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = SandboxIsolation.Home };
        foreach (var (name, value) in recipe.Action.Environment)
        {
            environment[name] = value;
        }

        foreach (var (variable, secret) in recipe.Secrets)
        {
            environment[variable] = await (_secrets ?? throw new IOException($"the secret `{secret}` has no source")).ResolveAsync(secret, cancellationToken);
        }

        environment["CAIRN_RUN"] = recipe.Recorded.Run;
        environment["CAIRN_PROJECT"] = "/" + folder;
        environment["CAIRN_JOB"] = recipe.Recorded.Job;
        environment["CAIRN_STEP"] = recipe.Recorded.Step;
        environment["CAIRN_ATTEMPT"] = "1";
        environment["CAIRN_CPUS"] = (vary.HasFlag(Variations.Cpus) ? 1 : recipe.Cpus ?? Environment.ProcessorCount).ToString(CultureInfo.InvariantCulture);
        environment["CAIRN_OUTPUT"] = SandboxIsolation.OutputFile;
        environment["CAIRN_SUMMARY"] = SandboxIsolation.SummaryFile;
        if (vary.HasFlag(Variations.Locale))
        {
            environment["LANG"] = OtherLocale;
            // What the step says of one category is an input, which this would hide.
            if (!environment.Keys.Any(static name => name.StartsWith("LC_", StringComparison.Ordinal)))
            {
                environment["LC_ALL"] = OtherLocale;
            }
        }

        if (vary.HasFlag(Variations.TimeZone))
        {
            environment["TZ"] = OtherZone;
        }

        if (vary.HasFlag(Variations.User))
        {
            foreach (var name in (ReadOnlySpan<string>)["USER", "LOGNAME"])
            {
                if (environment.GetValueOrDefault(name) == StepEnvironment.SandboxUser)
                {
                    environment[name] = OtherUser;
                }
            }
        }

        if (FakeTimeFor(recipe) is { } library)
        {
            if (frozenAt is { } second)
            {
                FakeTime.Freeze(environment, library, (second + (vary.HasFlag(Variations.Time) ? AheadSeconds : 0)).ToString(CultureInfo.InvariantCulture));
            }
            else if (vary.HasFlag(Variations.Time))
            {
                FakeTime.Shift(environment, library, AheadSeconds);
            }
        }

        return environment;
    }

    // The library is the machine's, which a toolchain hides.
    private string? FakeTimeFor(Recipe recipe) => recipe.Toolchain is null ? _fakeTime : null;

    private List<string> Layers(Recipe recipe, Variations vary, string folder)
    {
        var layers = new List<string>(3);
        lock (_gate)
        {
            if (vary.HasFlag(Variations.User))
            {
                layers.Add(LayOut("user", static writer =>
                {
                    writer.AddFile("etc/passwd", Encoding.UTF8.GetBytes($"{OtherUser}:x:{OtherUserId}:{OtherUserId}:Another:/home/cairn:/bin/sh\n"));
                    writer.AddFile("etc/group", Encoding.UTF8.GetBytes($"{OtherUser}:x:{OtherUserId}:\n"));
                }));
            }

            var reversed = vary.HasFlag(Variations.FileOrder);
            layers.Add(LayOut($"{recipe.Digest.Hash} {folder} {reversed}", writer => LayOutInputs(writer, recipe, folder, reversed)));
        }

        layers.AddRange(_shared.BaseOf(recipe.Toolchain, _shared.Store));
        return layers;
    }

    private string LayOut(string key, Action<LayerWriter> layOut)
    {
        if (_trees.TryGetValue(key, out var known))
        {
            return known;
        }

        var name = $"reproduce-{(++_lastTree).ToString(CultureInfo.InvariantCulture)}";
        var folder = _shared.Memory.TryCreatePath(name) ?? throw new IOException("The sandboxes' memory is not a folder");
        try
        {
            using var writer = new LayerWriter(folder, _shared.Layers.Owner, ownsRoot: true);
            layOut(writer);
            writer.Finish();
        }
        catch
        {
            // No room, mostly.
            _shared.Memory.RemoveTree(name);
            throw;
        }

        return _trees[key] = $"{_shared.MemoryPath}/{name}";
    }

    private void LayOutInputs(LayerWriter writer, Recipe recipe, string folder, bool reversed)
    {
        for (var i = 0; i < recipe.Inputs.Length; i++)
        {
            var (path, leaf) = recipe.Inputs[reversed ? recipe.Inputs.Length - 1 - i : i];
            var target = $"{folder}/{path}";
            if (leaf.Target is { } link)
            {
                writer.AddLink(target, link);
            }
            else if (!TryCopy(writer, target, path, leaf) && !writer.TryAddBlob(target, leaf.Digest, leaf.Executable, _shared.Store))
            {
                throw new MissingInputException($"the input `{path}` is neither in the working tree nor in the store as it was then: check out {CommitOf(recipe)}, or run it again");
            }
        }

        writer.AddFolder($"{folder}/{recipe.WorkingDirectory}".TrimEnd('/'));
        if (recipe.Script is { } script)
        {
            writer.AddFile(SandboxIsolation.ScriptFile[1..], Encoding.UTF8.GetBytes(script));
        }
    }

    private bool TryCopy(LayerWriter writer, string target, string path, in TreeLeaf leaf)
    {
        using var source = _project.TryOpenFilePath(path);
        if (source is null || RandomAccess.GetLength(source) != leaf.Digest.SizeBytes)
        {
            return false;
        }

        using (var stream = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(source.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, bufferSize: 0))
        {
            if (new Digest(SHA256.HashData(stream), stream.Position) != leaf.Digest)
            {
                return false;
            }

            stream.Position = 0;
        }

        writer.AddFile(target, source, leaf.Executable);
        return true;
    }

    private (ImmutableSortedDictionary<string, string> Values, string? Problem) ReadValues(SandboxPlace place) =>
        ReadExchange(place, "output", Limits.StepOutputBytesMax) is { } content ? StepOutputFile.Read(content, Secrets) : StepOutputFile.Read(null, []);

    private Digest? SummaryOf(SandboxPlace place) =>
        ReadExchange(place, "summary", Limits.StepSummaryBytesMax) is { Length: > 0 } content
            ? Digest.Of(Redaction.Apply(content[..Math.Min(content.Length, Limits.StepSummaryBytesMax)], Secrets))
            : null;

    private static byte[]? ReadExchange(SandboxPlace place, string name, int bytesMax)
    {
        using var folder = place.Root.TryOpenPath(SandboxIsolation.Exchange);
        using var handle = folder?.TryOpenFile(name);
        if (handle is null)
        {
            return null;
        }

        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        return BoundedRead.All(stream, bytesMax);
    }

    private static Digest? DigestOf(string path)
    {
        // Made with the first byte.
        if (!File.Exists(path))
        {
            return null;
        }

        using var stream = File.OpenRead(path);
        var hash = SHA256.HashData(stream);
        return new Digest(hash, stream.Position);
    }

    private static string CommitOf(Recipe recipe) => recipe.Recorded.Started?.Commit is { Length: > 12 } commit ? $"commit {commit[..12]}" : "what the run was made from";

    /// <summary>The end of what a process writes, to tell why it failed.</summary>
    private sealed class TailSink : IOutputSink
    {
        private const int BytesMax = 1024;
        private readonly List<byte> _tail = [];

        public string? LastLine
        {
            get
            {
                var lines = Encoding.UTF8.GetString([.. _tail]).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                return lines.Length == 0 ? null : lines[^1];
            }
        }

        public void OnOutput(OutputStream stream, ReadOnlySpan<byte> redactedBytes)
        {
            _tail.AddRange(redactedBytes.Length > BytesMax ? redactedBytes[^BytesMax..] : redactedBytes);
            if (_tail.Count > BytesMax)
            {
                _tail.RemoveRange(0, _tail.Count - BytesMax);
            }
        }
    }
}
