using Cairn.Core.Content;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>What a step of another project left behind.</summary>
public sealed record LockedStep : LockedToolchain
{
    /// <summary>How outputs become a tree.</summary>
    public const string CurrentLayout = "step/1";

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>The folder of its project, as the pipeline names it.</summary>
    public required string Project { get; init; }

    /// <summary>The folder of the outputs that is meant; empty for all.</summary>
    public required string From { get; init; }

    /// <summary>Where the files stand.</summary>
    public required ToolchainPlacement Placement { get; init; }

    /// <summary>The run that was taken.</summary>
    public required string Run { get; init; }

    /// <summary>The action that left them behind.</summary>
    public required Digest Action { get; init; }

    /// <inheritdoc/>
    public override string Kind => "step";

    /// <inheritdoc/>
    public override string UsableLayout => CurrentLayout;

    /// <inheritdoc/>
    public override bool PartsAreBlobs => false;

    /// <inheritdoc/>
    public override string Origin => $"step {Step} of {Project}";

    /// <inheritdoc/>
    public override IEnumerable<ToolchainPart> Parts => [new ToolchainPart($"the action of `{Step}`", Action, $"{Project}#{Step}", null, IsEvidence: true)];

    /// <inheritdoc/>
    public override bool Matches(ToolchainSource source) =>
        source is ToolchainSource.Step asked && Step == asked.Name && Project == asked.Project && From == asked.From && Placement == asked.Placement;
}
