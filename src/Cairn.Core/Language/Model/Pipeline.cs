using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;

namespace Cairn.Core.Language.Model;

/// <summary>A pipeline as it was read: includes merged, templates resolved, nothing evaluated.</summary>
public sealed record Pipeline
{
    /// <summary>The <c>name</c>, or null where the document has none.</summary>
    public string? Name { get; init; }

    /// <summary>What it is for.</summary>
    public string? Description { get; init; }

    /// <summary>The pipeline file, then every included one, relative to the project.</summary>
    public required ImmutableArray<string> Files { get; init; }

    /// <summary>What a caller may set with <c>--param</c>.</summary>
    public ImmutableArray<Parameter> Parameters { get; init; } = [];

    /// <summary>Variables of every step.</summary>
    public ImmutableArray<EnvironmentEntry> Environment { get; init; } = [];

    /// <summary>Jobs at once, or null for the number of processors.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>Locks that the whole run holds.</summary>
    public ImmutableArray<LockName> Locks { get; init; } = [];

    /// <summary>Background commands that steps use.</summary>
    public ImmutableArray<Service> Services { get; init; } = [];

    /// <summary>Named secrets and where they come from.</summary>
    public ImmutableArray<Secret> Secrets { get; init; } = [];

    /// <summary>Programs that steps ask for by name.</summary>
    public ImmutableArray<Toolchain> Toolchains { get; init; } = [];

    /// <summary>The steps in source order, those of included files first.</summary>
    public required ImmutableArray<Step> Steps { get; init; }
}

/// <summary>A variable; its value may hold expressions.</summary>
public sealed record EnvironmentEntry(string Name, Template Value, SourceSpan Span);

/// <summary>The name of a lock that runs on one machine share: like a step name, at most 100 characters.</summary>
public readonly record struct LockName(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A named secret.</summary>
public sealed record Secret(string Name, SecretSource Source, SourceSpan Span);

/// <summary>Where a secret comes from; read when the first job that uses it starts.</summary>
public abstract record SecretSource
{
    private SecretSource()
    {
    }

    /// <summary>A variable of the caller's environment.</summary>
    public sealed record Variable(string Name) : SecretSource;

    /// <summary>A file; one trailing newline is dropped. Relative paths are relative to the project; <c>~/</c> is the caller's home.</summary>
    public sealed record File(string Path) : SecretSource;

    /// <summary>The standard output of a command, one trailing newline dropped, run with the caller's environment.</summary>
    public sealed record Command(ImmutableArray<string> Arguments) : SecretSource;
}

/// <summary>A background command that steps use through <c>services: [name]</c>: started before the first, stopped after the last.</summary>
public sealed record Service(StepName Name, StepAction Action, SourceSpan Span)
{
    /// <summary>Its variables.</summary>
    public ImmutableArray<EnvironmentEntry> Environment { get; init; } = [];

    /// <summary>Its folder, relative to the project.</summary>
    public Template? WorkingDirectory { get; init; }

    /// <summary>When it counts as ready; null means as soon as it runs.</summary>
    public ReadinessProbe? Ready { get; init; }

    /// <summary>From SIGTERM to SIGKILL.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>How to tell that a service is ready.</summary>
public sealed record ReadinessProbe(ReadinessCheck Check, TimeSpan Interval, TimeSpan Timeout);

/// <summary>One look at a service.</summary>
public abstract record ReadinessCheck
{
    private ReadinessCheck()
    {
    }

    /// <summary>A shell command that exits 0.</summary>
    public sealed record Script(string Text) : ReadinessCheck;

    /// <summary>A TCP port on loopback that accepts.</summary>
    public sealed record Tcp(int Port) : ReadinessCheck;

    /// <summary>An HTTP URL that answers 2xx or 3xx.</summary>
    public sealed record Http(Uri Url) : ReadinessCheck;

    /// <summary>A text in its output.</summary>
    public sealed record Output(string Text) : ReadinessCheck;
}
