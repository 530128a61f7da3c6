using System.Collections.Immutable;
using System.Globalization;

using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>An attestation that a verdict rests on, or a policy.</summary>
/// <param name="Uri">Where it is; a file's name.</param>
/// <param name="Sha256">Its bytes, 64 lower-case hex digits.</param>
public sealed record SummaryReference(string Uri, string Sha256);

/// <summary>
/// The result of a verification, for those who trust the verifier: SLSA's Verification Summary Attestation, version 1. It never claims more than the builder is good for.
/// <c>docs/formats/vsa.md</c> describes it.
/// </summary>
public sealed record VerificationSummary
{
    /// <summary>The predicate type.</summary>
    public const string PredicateType = "https://slsa.dev/verification_summary/v1";

    /// <summary>The id of the verifier that <c>cairn verify</c> is on somebody's machine.</summary>
    public const string LocalVerifier = "https://cairn.build/verifier/local/v1";

    private const string SlsaVersion = "1.0";

    /// <summary>The version of Cairn.</summary>
    public required string Version { get; init; }

    /// <summary>When it was verified.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What was verified, as those name it who use it.</summary>
    public required string ResourceUri { get; init; }

    /// <summary>The policy.</summary>
    public required SummaryReference Policy { get; init; }

    /// <summary>What was read, and signed by trusted keys.</summary>
    public ImmutableArray<SummaryReference> Inputs { get; init; } = [];

    /// <summary>Whether everything held.</summary>
    public required bool HasPassed { get; init; }

    /// <summary>The builder; null where nobody names one.</summary>
    public string? Builder { get; init; }

    /// <summary>The level of SLSA's build track that a builder is trusted for; null where it is not one of those that are known.</summary>
    public static int? LevelOf(string? builder) => builder switch
    {
        // Whoever runs them holds the key.
        BuilderIds.LocalProcess or BuilderIds.LocalHost or BuilderIds.LocalSandbox => 1,
        _ => null,
    };

    /// <summary>Makes the statement.</summary>
    public Statement Write(ImmutableArray<Subject> subjects)
    {
        var level = !HasPassed ? "FAILED" : LevelOf(Builder) is { } known ? string.Create(CultureInfo.InvariantCulture, $"SLSA_BUILD_LEVEL_{known}") : "SLSA_BUILD_LEVEL_UNEVALUATED";
        var inputs = Inputs.Select(static i => (JsonValue)Reference(i));
        return new Statement(subjects, PredicateType, new JsonObjectBuilder()
            .Add("verifier", new JsonObjectBuilder().Add("id", LocalVerifier).Add("version", new JsonObjectBuilder().Add("cairn", Version).Build()).Build())
            .Add("timeVerified", StatementTime.Seconds(Time))
            .Add("resourceUri", ResourceUri)
            .Add("policy", Reference(Policy))
            .Add("inputAttestations", Inputs.IsEmpty ? null : new JsonValue.List([.. inputs]))
            .Add("verificationResult", HasPassed ? "PASSED" : "FAILED")
            .Add("verifiedLevels", new JsonValue.List([level]))
            .Add("slsaVersion", SlsaVersion)
            .Build());
    }

    private static JsonValue.Object Reference(SummaryReference reference) => new JsonObjectBuilder()
        .Add("uri", reference.Uri).Add("digest", new JsonObjectBuilder().Add("sha256", reference.Sha256).Build()).Build();
}
