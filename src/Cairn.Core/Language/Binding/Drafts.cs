using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Binding;

/// <summary>One file as it was read, before files are merged.</summary>
internal sealed class FileDraft(string name) : ExpressionSite
{
    public string Name { get; } = name;

    public string? PipelineName { get; set; }

    public string? Description { get; set; }

    public List<NameUse> Include { get; } = [];

    public List<Named<Parameter>> Parameters { get; set; } = [];

    public ImmutableArray<EnvironmentEntry> Environment { get; set; } = [];

    public List<Named<SecretSource>> Secrets { get; set; } = [];

    public List<Named<ToolchainSource>> Toolchains { get; set; } = [];

    public ConcurrencyDraft? Concurrency { get; set; }

    public List<Named<ServiceDraft>> Services { get; set; } = [];

    public List<Named<StepDraft>> Templates { get; set; } = [];

    public List<Named<StepDraft>> Steps { get; set; } = [];

    public StepDraft Defaults { get; set; } = new() { Role = StepRole.Defaults };
}

/// <summary>Which kind of mapping a step's keys stand in.</summary>
internal enum StepRole
{
    Step,
    Template,
    Defaults,
}

/// <summary>A step, a template or the defaults as written; null means that the key is absent.</summary>
internal sealed class StepDraft : ExpressionSite
{
    public StepRole Role { get; init; }

    /// <summary>The file it stands in; its defaults apply. Null while the defaults themselves are read.</summary>
    public FileDraft? File { get; init; }

    public string? Description { get; set; }

    public Template? Run { get; set; }

    public SourceSpan RunKey { get; set; }

    public ImmutableArray<Template>? Command { get; set; }

    public NameUse? Uses { get; set; }

    /// <summary>Where it says that it fetches, or null.</summary>
    public SourceSpan? Fetch { get; set; }

    /// <summary>Where it says that it is a bundle, or null.</summary>
    public SourceSpan? Bundle { get; set; }

    /// <summary>The values for the template; null where there is no <c>with</c>.</summary>
    public ImmutableArray<ArgumentDraft>? With { get; set; }

    public SourceSpan WithKey { get; set; }

    public ImmutableArray<string>? Shell { get; set; }

    public SourceSpan ShellKey { get; set; }

    public ImmutableArray<NameUse>? Needs { get; set; }

    public ImmutableArray<EnvironmentEntry>? Environment { get; set; }

    public Template? WorkingDirectory { get; set; }

    public ImmutableArray<Template>? Inputs { get; set; }

    public ImmutableArray<Template>? Outputs { get; set; }

    public CachePolicy? Cache { get; set; }

    public TimeSpan? Timeout { get; set; }

    public RetryPolicy? Retries { get; set; }

    public bool? AllowFailure { get; set; }

    public Expression? Condition { get; set; }

    public MatrixDefinition? Matrix { get; set; }

    public IsolationLevel? Isolation { get; set; }

    public ToolchainUse? Toolchain { get; set; }

    public NetworkAccess? Network { get; set; }

    public ImmutableArray<HostPattern>? Hosts { get; set; }

    public SourceSpan HostsKey { get; set; }

    public StepLimits? Limits { get; set; }

    public bool? Strict { get; set; }

    public DeterminismDraft? Deterministic { get; set; }

    public ConcurrencyDraft? Concurrency { get; set; }

    public ImmutableArray<NameUse>? Services { get; set; }

    public ImmutableArray<Template>? JUnitReports { get; set; }

    public Template? Generates { get; set; }

    /// <summary>A template's parameters.</summary>
    public List<Named<Parameter>> Parameters { get; set; } = [];
}

/// <summary>A name where it is used.</summary>
internal readonly record struct NameUse(string Text, SourceSpan Span);

/// <summary>One value of <c>with</c>: a constant, an expression, or a list with expressions.</summary>
internal sealed record ArgumentDraft(string Name, SourceSpan NameSpan, SourceSpan Span, Value? Constant, Template? Computed, ImmutableArray<Template> Items);

/// <summary><c>concurrency</c>.</summary>
internal sealed class ConcurrencyDraft
{
    public int? MaxParallel { get; set; }

    public ImmutableArray<LockName> Locks { get; set; } = [];
}

/// <summary>A service as written.</summary>
internal sealed class ServiceDraft : ExpressionSite
{
    public Template? Run { get; set; }

    public ImmutableArray<Template>? Command { get; set; }

    public ImmutableArray<string>? Shell { get; set; }

    public SourceSpan ShellKey { get; set; }

    public ImmutableArray<EnvironmentEntry> Environment { get; set; } = [];

    public Template? WorkingDirectory { get; set; }

    public ReadinessDraft? Ready { get; set; }

    public TimeSpan? StopGrace { get; set; }
}

/// <summary><c>ready</c>.</summary>
internal sealed class ReadinessDraft
{
    public ReadinessCheck? Check { get; set; }

    public TimeSpan Interval { get; set; } = TimeSpan.FromMilliseconds(250);

    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(60);
}
