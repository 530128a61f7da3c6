using System.Collections.Immutable;
using System.Text;

using Cairn.Core;
using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Planning;
using Cairn.Engine.Running;
using Cairn.Execution.Sandbox;
using Cairn.Store.Files;
using Cairn.Store.Layers;
using Cairn.Store.Roots;

namespace Cairn.Engine.Isolation;

/// <summary>
/// Keeps the root of a failed attempt in the store: what was written moves there, what was only in memory is copied, and a description says how to enter it again. Layers
/// that others share stay where they are.
/// </summary>
internal sealed class RootKeeper
{
    private const int FreeShare = 2;

    private readonly RunContext _run;
    private readonly Job _job;
    private readonly KeptRoots _roots;
    private readonly string _store;
    private readonly string _name;
    private readonly string? _upper;

    private RootKeeper(RunContext run, Job job, string store, string? upper)
    {
        _run = run;
        _job = job;
        _store = store;
        _roots = new KeptRoots(store, TimeProvider.System);
        _name = NameOf(job.Id);
        _upper = upper;
    }

    /// <summary>Where the root will stand, absolute.</summary>
    public string Path => $"{_store}/{KeptRoots.PathOf(_run.Reporter.Run.Value, _name)}";

    /// <summary>The folder of a job: its id where that can stand in the options of a mount, else with a part of its digest.</summary>
    public static string NameOf(JobId job)
    {
        const int CharsMax = 60;
        var name = new StringBuilder();
        foreach (var c in job.Value)
        {
            if (name.Length < CharsMax)
            {
                name.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_');
            }
        }

        return string.Equals(name.ToString(), job.Value, StringComparison.Ordinal) ? job.Value : $"{name}-{Digest.Of(Encoding.UTF8.GetBytes(job.Value)).Hash[..8]}";
    }

    /// <summary>Opens what takes a place's writes; null where it is gone.</summary>
    public static DirectoryHandle? OpenUpper(SandboxSpec spec, SandboxIsolation.Ready shared, string name)
    {
        if (spec.Upper is null)
        {
            return shared.Memory.TryOpenPath($"{name}/memory/upper");
        }

        using var store = DirectoryHandle.Open(shared.Store.Directory);
        return store.TryOpenPath(spec.Upper);
    }

    /// <summary>Copies and describes; the place is mounted still. Throws <see cref="IOException"/>.</summary>
    public static RootKeeper Begin(RunContext run, Job job, FailedAttempt failure, SandboxSpec spec, SandboxIsolation.Ready shared, string name, CancellationToken cancellationToken)
    {
        var keeper = new RootKeeper(run, job, shared.Store.Directory, spec.Upper);
        try
        {
            keeper.Copy(Describe(run, job, failure, spec, shared, name, keeper._name), spec, shared, name, cancellationToken);
            return keeper;
        }
        catch
        {
            keeper._roots.GiveUp(run.Reporter.Run.Value, keeper._name);
            throw;
        }
    }

    /// <summary>Moves what was written; nothing is mounted any more.</summary>
    public void Finish()
    {
        var run = _run.Reporter.Run.Value;
        try
        {
            if (_upper is not null)
            {
                Directory.Move($"{_store}/{_upper}", $"{Path}{KeptRoots.NewSuffix}/{KeptRoots.Upper}");
            }

            _roots.Finish(run, _name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _roots.GiveUp(run, _name);
            _run.Reporter.Warn(DiagnosticCodes.RootNotKept, $"The root of `{_job.Id}` could not be kept: {exception.Message}", _job.Id);
        }
    }

    private void Copy(KeptRoot description, SandboxSpec spec, SandboxIsolation.Ready shared, string name, CancellationToken cancellationToken)
    {
        // No more than all kept roots together may take, and never all that the disk has.
        var bytesMax = long.Min(_run.Request.DebugQuotaBytes, new DriveInfo(_store).AvailableFreeSpace / FreeShare);
        var path = _roots.Begin(_run.Reporter.Run.Value, _name);
        File.WriteAllBytes($"{_store}/{path}/{KeptRoots.DescriptionFile}", description.ToBytes());
        using var store = DirectoryHandle.Open(_store);
        using (var small = shared.Memory.TryOpenPath($"{name}/small"))
        using (var target = store.TryCreatePath($"{path}/{KeptRoots.Small}"))
        {
            if (small is not null && target is not null)
            {
                UpperFolder.Copy(small, target, bytesMax, cancellationToken);
            }
        }

        if (spec.Upper is null)
        {
            using var upper = OpenUpper(spec, shared, name) ?? throw new IOException("what it wrote is gone");
            using var target = store.TryCreatePath($"{path}/{KeptRoots.Upper}") ?? throw new IOException($"`{path}` is no folder");
            UpperFolder.Copy(upper, target, bytesMax, cancellationToken);
        }
    }

    private static KeptRoot Describe(RunContext run, Job job, FailedAttempt failure, SandboxSpec spec, SandboxIsolation.Ready shared, string name, string stem)
    {
        var environment = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var secrets = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var known = run.Secrets.Known;
        foreach (var (variable, value) in failure.Spec.Environment)
        {
            if (failure.SecretVariables.TryGetValue(variable, out var secret))
            {
                secrets[variable] = secret;
            }
            else if (ContainsAny(value, known))
            {
                secrets[variable] = "";
            }
            else
            {
                environment[variable] = value;
            }
        }

        var small = $"{shared.MemoryPath}/{name}/small";
        var root = KeptRoots.PathOf(run.Reporter.Run.Value, stem);
        return new KeptRoot
        {
            Format = KeptRoot.CurrentFormat,
            Run = run.Reporter.Run.Value,
            Job = job.Id.Value,
            Attempt = failure.Attempt,
            Project = run.Request.ProjectDirectory,
            Time = run.Reporter.Now,
            Reason = failure.Reason,
            Layers = [.. spec.Layers.Select(layer => string.Equals(layer, small, StringComparison.Ordinal) ? $"{root}/{KeptRoots.Small}" : layer)],
            Mounts = [.. spec.Mounts.Select(static m => new KeptMount(m.HostPath, m.Target, m.Writable))],
            Network = SandboxNetworks.NameOf(spec.Network),
            Hostname = spec.Hostname,
            Umask = spec.Umask,
            OpenFiles = spec.Limits.OpenFiles,
            // Where a control group counts them, the place itself has no bound of them.
            Processes = job.Step.Limits?.Processes,
            MemoryBytes = spec.Limits.MemoryBytes,
            Cpus = spec.Limits.Cpus,
            DiskBytes = spec.Limits.DiskBytes,
            VisibleCpus = spec.Limits.VisibleCpus,
            Environment = environment.ToImmutable(),
            SecretVariables = secrets.ToImmutable(),
            WorkingDirectory = failure.Spec.WorkingDirectory,
            Arguments = [.. failure.Spec.Arguments.Select(argument => Redaction.Apply(argument, known))],
        };
    }

    private static bool ContainsAny(string value, ImmutableArray<string> secrets)
    {
        foreach (var secret in secrets)
        {
            if (value.Contains(secret, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The networks of sandboxes as kept roots name them.</summary>
internal static class SandboxNetworks
{
    public static string NameOf(SandboxNetwork network) => network switch
    {
        SandboxNetwork.None => "none",
        SandboxNetwork.Wan => "wan",
        SandboxNetwork.Host => "host",
        _ => throw new ArgumentOutOfRangeException(nameof(network)),
    };

    /// <summary>The network of a name; of one that is not known, none.</summary>
    public static SandboxNetwork Parse(string name) => name switch
    {
        "wan" => SandboxNetwork.Wan,
        "host" => SandboxNetwork.Host,
        _ => SandboxNetwork.None,
    };
}
