using System.Collections.Immutable;
using System.Globalization;

using Cairn.Core.Content;

namespace Cairn.Trust.Policies.Rules;

/// <summary>An artifact that may be there, and must be among what the statement is about.</summary>
/// <param name="Path">Which names it may have.</param>
/// <param name="Sha256">The bytes that it must have; null for any.</param>
public sealed record ArtifactDemand(Glob Path, string? Sha256);

/// <summary><c>artifacts</c>: what is verified is one of these, and each of these is attested.</summary>
public sealed record ArtifactsRule(ImmutableArray<ArtifactDemand> Demands) : PolicyRule("artifacts")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        foreach (var demand in Demands)
        {
            if (!evidence.Subjects.Any(s => Fits(demand, s)))
            {
                return Fail(demand.Sha256 is null ? $"Nothing that was attested is `{demand.Path}`" : $"No `{demand.Path}` that was attested has the SHA-256 `{demand.Sha256}`");
            }
        }

        foreach (var artifact in evidence.Artifacts)
        {
            if (!Demands.Any(d => Fits(d, artifact)))
            {
                return Fail(Demands.Any(d => d.Path.IsMatch(artifact.Name)) ? $"`{artifact.Name}` has the SHA-256 `{artifact.Sha256}`, which is not the one that is asked for" : $"`{artifact.Name}` is none of {Listed.Names(Demands.Select(static d => d.Path.Text))}");
            }
        }

        return evidence.Artifacts.IsEmpty ? NotChecked("There is no artifact") : Pass($"{Listed.Count(evidence.Artifacts.Length, "artifact")} of {Listed.Names(Demands.Select(static d => d.Path.Text))}");
    }

    private static bool Fits(ArtifactDemand demand, Statements.Subject subject) => demand.Path.IsMatch(subject.Name) && (demand.Sha256 is null || demand.Sha256 == subject.Sha256);
}

/// <summary><c>log</c>: it stands in a transparency log.</summary>
public sealed record LogRule() : PolicyRule(Name)
{
    /// <summary>Its key.</summary>
    internal const string Name = "log";

    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence) => evidence.Log switch
    {
        null => NotChecked(Unknown),
        { Problem: { } problem } => Fail(problem),
        var log => Pass(In(log)),
    };

    /// <summary>That nothing can be said.</summary>
    internal const string Unknown = "No log is known here that it could stand in: `--proof FILE` gives a proof, and `logs` in trust.yaml names logs";

    /// <summary>Where it stands, in words.</summary>
    internal static string In(LogEvidence log) => string.Create(CultureInfo.InvariantCulture, $"It is entry {log.Index} of the log `{log.Origin}`, whose checkpoint has {log.Size}{(log.Cosigners.IsEmpty ? "" : $" and is cosigned by {Listed.Names(log.Cosigners)}")}");
}
