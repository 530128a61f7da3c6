using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>Content that an action depends on beside what its digest names by itself: a package of a toolchain, an image.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Uri">Where the world finds it: a package URL, an image reference; null where there is none.</param>
/// <param name="Sha256">Its SHA-256, 64 lower-case hex digits.</param>
public sealed record ResolvedDependency(string Name, string? Uri, string Sha256);

/// <summary>Who executed an action, and how: what another execution of the same action would say differently.</summary>
public sealed record ExecutionDetails
{
    /// <summary>The builder's id, a URI.</summary>
    public required string BuilderId { get; init; }

    /// <summary>The version of Cairn.</summary>
    public required string Version { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>The tier that the execution claims: how far its surroundings can be trusted.</summary>
    public required string Tier { get; init; }

    /// <summary>Payload hashes of the attestations of what it took from other actions, sorted.</summary>
    public ImmutableArray<string> Inputs { get; init; } = [];

    /// <summary>Of an execution that was made to be compared with an attested one, what came of that; null of any other.</summary>
    public ReplayedAttestation? Replayed { get; init; }
}

/// <summary>What an execution was compared with.</summary>
/// <param name="Attestation">The payload hash of what was attested of the other execution.</param>
/// <param name="Verdict">What came of it: <c>identical</c>, <c>nondeterministic</c>, <c>unexplained</c>.</param>
public sealed record ReplayedAttestation(string Attestation, string Verdict);

/// <summary>
/// The attestation of an action: an in-toto statement with SLSA Provenance v1, of which everything outside <c>runDetails</c> is a function of the action.
/// <c>docs/formats/provenance.md</c> describes it.
/// </summary>
public static class ActionProvenance
{
    /// <summary>The predicate type of SLSA Provenance v1.</summary>
    public const string PredicateType = "https://slsa.dev/provenance/v1";

    /// <summary>The build type of an action.</summary>
    public const string BuildType = "https://cairn.build/action/v1";

    /// <summary>The name of the subject that stands for everything the action left behind.</summary>
    public const string OutputsSubject = "outputs";

    /// <summary>The member of the metadata that says the tier.</summary>
    public const string TierMember = "cairn_tier";

    /// <summary>The same as UTF-8.</summary>
    internal static ReadOnlySpan<byte> TierMemberUtf8 => "cairn_tier"u8;

    private const string ReplayMember = "cairn_replay";

    private static ReadOnlySpan<byte> ReplayMemberUtf8 => "cairn_replay"u8;
    private const string ResultName = "result";
    private const string InputsName = "inputs";
    private const string ToolchainName = "toolchain";
    private const string HostPath = "host-path:";

    // What a statement takes, roughly: for the first guess.
    private const int HeadBytes = 3072;
    private const int SubjectBytes = 140;
    private const int DependencyBytes = 260;

    /// <summary>Makes the statement. Throws <see cref="FormatException"/> where it would be refused: names of outputs that a person could take for each other.</summary>
    public static Statement Write(ActionDescription action, ActionResult result, IReadOnlyList<ResolvedDependency> dependencies, ExecutionDetails details)
    {
        ArgumentNullException.ThrowIfNull(result);
        var json = WriteJson(action, result, Digest.Of(ActionResultEncoder.Encode(result)), SubjectsOf(result), dependencies, details);
        return Statement.TryRead(json, out var problem) ?? throw new FormatException(problem);
    }

    /// <summary>The canonical JSON of the statement, at once, since each executed action has one.</summary>
    /// <param name="action">What was executed.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="encoded">The digest of the encoded result.</param>
    /// <param name="subjects">What <see cref="SubjectsOf"/> says of the result.</param>
    /// <param name="dependencies">What the action's digest does not name by itself.</param>
    /// <param name="details">Who executed it.</param>
    public static byte[] WriteJson(
        ActionDescription action, ActionResult result, Digest encoded, ImmutableArray<Subject> subjects, IReadOnlyList<ResolvedDependency> dependencies, ExecutionDetails details)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(dependencies);
        ArgumentNullException.ThrowIfNull(details);

        // Members in the order of RFC 8785 throughout.
        var json = CanonicalWriter.Rent(HeadBytes + (subjects.Length * SubjectBytes) + (dependencies.Count * DependencyBytes)).Begin().Member("_type"u8, Statement.TypeV1).Begin("predicate"u8);
        WriteDefinition(json, action, result.Action, dependencies);
        WriteDetails(json, result, encoded, details);
        json.End().Member("predicateType"u8, PredicateType).BeginList("subject"u8);
        foreach (var subject in subjects)
        {
            json.Begin().Begin("digest"u8).Member("sha256"u8, subject.Sha256).End().Member("name"u8, subject.Name).End();
        }

        var bytes = json.EndList().End().Written.ToArray();
        json.Return();
        return bytes;
    }

    /// <summary>What the statement of a result is about: all that the action left behind, then each file by itself.</summary>
    public static ImmutableArray<Subject> SubjectsOf(ActionResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var subjects = ImmutableArray.CreateBuilder<Subject>(result.Outputs.Length + 1);
        subjects.Add(new Subject(OutputsSubject, ActionOutputs.DigestOf(result).Hash));
        foreach (ref readonly var output in result.Outputs.AsSpan())
        {
            // A link has no bytes, and a name with a line's end in it is none that people can be shown; the first subject has both.
            if (output.Target is null && !SubjectNames.HasControls(output.Path))
            {
                subjects.Add(new Subject($"{OutputsSubject}/{output.Path}", output.Digest.Hash));
            }
        }

        return subjects.DrainToImmutable();
    }

    /// <summary>The SHA-256 of the encoded <see cref="ActionResult"/> that a statement was made for, with all that people are shown of it; null where it names none.</summary>
    public static string? ResultHashOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        if ((statement.Predicate["runDetails"] as JsonValue.Object)?["byproducts"] is JsonValue.List byproducts)
        {
            foreach (var item in byproducts.Items)
            {
                if (item is JsonValue.Object byproduct && byproduct.TextOf("name") == ResultName)
                {
                    return (byproduct["digest"] as JsonValue.Object)?.TextOf("sha256");
                }
            }
        }

        return null;
    }

    /// <summary>What the execution was compared with, as it says itself; null of one that was made for its own sake.</summary>
    public static ReplayedAttestation? ReplayOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        var replay = MetadataOf(statement)?[ReplayMember] as JsonValue.Object;
        return replay?.TextOf("attestation") is { } attestation && replay.TextOf("verdict") is { } verdict ? new ReplayedAttestation(attestation, verdict) : null;
    }

    /// <summary>The run and the job of which a statement says to be: names, and no evidence. Null where it says none.</summary>
    public static (string Run, string Job)? InvocationOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        var id = MetadataOf(statement)?.TextOf("invocationId");
        return id?.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && slash < id.Length - 1 ? (id[..slash], id[(slash + 1)..]) : null;
    }

    /// <summary>The payload hashes of the attestations of what an action took from others, as its statement has them.</summary>
    public static ImmutableArray<string> InputsOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        return MetadataOf(statement)?["cairn_inputs"] is JsonValue.List list ? [.. list.Items.OfType<JsonValue.Text>().Select(static t => t.Value)] : [];
    }

    /// <summary>What a statement says its toolchains were made from: packages, images. The trees that the action names by itself are not among them.</summary>
    public static ImmutableArray<ResolvedDependency> DependenciesOf(Statement statement)
    {
        ArgumentNullException.ThrowIfNull(statement);
        var dependencies = ImmutableArray.CreateBuilder<ResolvedDependency>();
        if ((statement.Predicate["buildDefinition"] as JsonValue.Object)?["resolvedDependencies"] is JsonValue.List list)
        {
            foreach (var item in list.Items)
            {
                if (item is JsonValue.Object dependency && dependency["annotations"] is null && dependency.TextOf("name") is { } name && (dependency["digest"] as JsonValue.Object)?.TextOf("sha256") is { } sha256)
                {
                    dependencies.Add(new ResolvedDependency(name, dependency.TextOf("uri"), sha256));
                }
            }
        }

        return dependencies.DrainToImmutable();
    }

    /// <summary>The action that a statement says it is of, put together from its parameters; null where it says none, with the reason.</summary>
    /// <remarks>Its digest, computed again, is the one thing that a statement is found fitting by: not the one it names.</remarks>
    public static ActionDescription? TryReadAction(Statement statement, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(statement);
        problem = null;
        if (statement.IsForeign || statement.PredicateType != PredicateType)
        {
            problem = $"it is no `{PredicateType}` in a statement of version 1";
        }
        else if (statement.Predicate["buildDefinition"] is not JsonValue.Object definition || definition.TextOf("buildType") != BuildType)
        {
            problem = $"its build type is not `{BuildType}`";
        }
        else
        {
            try
            {
                return ReadAction(definition);
            }
            catch (FormatException exception)
            {
                problem = exception.Message;
            }
        }

        return null;
    }

    private static void WriteDefinition(CanonicalWriter json, ActionDescription action, Digest digest, IReadOnlyList<ResolvedDependency> dependencies)
    {
        json.Begin("buildDefinition"u8).Member("buildType"u8, BuildType).Begin("externalParameters"u8);
        json.Texts("arguments"u8, action.Arguments);
        json.Pairs("environment"u8, action.Environment!);
        json.Texts("outputs"u8, action.Outputs);
        json.Pairs("platform"u8, action.Platform!);
        json.Member("workingDirectory"u8, action.WorkingDirectory).End()
            .Begin("internalParameters"u8).Member("action"u8, digest.ToString()).End()
            .BeginList("resolvedDependencies"u8);
        WriteTree(json, InputsName, action.InputRoot);
        foreach (var (name, value) in action.Platform)
        {
            if (name == ToolchainName)
            {
                // As many as the step has toolchains.
                foreach (var text in value.Split(' '))
                {
                    if (Digest.TryParse(text, null, out var tree))
                    {
                        WriteTree(json, ToolchainName, tree);
                    }
                }
            }
            else if (name.StartsWith(HostPath, StringComparison.Ordinal) && Digest.TryParse(value, null, out var path))
            {
                WriteTree(json, name, path);
            }
        }

        foreach (var dependency in dependencies)
        {
            json.Begin().Begin("digest"u8).Member("sha256"u8, dependency.Sha256).End().Member("name"u8, dependency.Name).Member("uri"u8, dependency.Uri).End();
        }

        json.EndList().End();
    }

    private static void WriteDetails(CanonicalWriter json, ActionResult result, Digest encoded, ExecutionDetails details)
    {
        json.Begin("runDetails"u8)
            .Begin("builder"u8).Member("id"u8, details.BuilderId).Begin("version"u8).Member("cairn"u8, details.Version).End().End()
            .BeginList("byproducts"u8);
        foreach (var (name, digest) in (ReadOnlySpan<(string, Digest?)>)[("log", result.Log), ("log-index", result.LogIndex), (ResultName, encoded), ("summary", result.Summary)])
        {
            if (digest is { } value)
            {
                json.Begin().Begin("digest"u8).Member("sha256"u8, value.Hash).End().Member("name"u8, name).End();
            }
        }

        json.EndList().Begin("metadata"u8);
        if (!details.Inputs.IsEmpty)
        {
            json.Texts("cairn_inputs"u8, details.Inputs);
        }

        if (details.Replayed is { } replayed)
        {
            json.Begin(ReplayMemberUtf8).Member("attestation"u8, replayed.Attestation).Member("verdict"u8, replayed.Verdict).End();
        }

        json.Begin("cairn_resources"u8);
        if (result.Resources.MaxRssKib is > 0 and var peak)
        {
            json.Member("maxRssKib"u8, peak);
        }

        json.Member("readBlocks"u8, result.Resources.ReadBlocks)
            .Member("systemMicroseconds"u8, (long)Math.Round(result.Resources.SystemMs * 1000))
            .Member("userMicroseconds"u8, (long)Math.Round(result.Resources.UserMs * 1000))
            .Member("wallMicroseconds"u8, (long)Math.Round(result.Resources.WallMs * 1000))
            .Member("writeBlocks"u8, result.Resources.WriteBlocks)
            .End()
            .Member(TierMemberUtf8, details.Tier)
            .Member("finishedOn"u8, StatementTime.Milliseconds(result.Origin.Time))
            .Member("invocationId"u8, $"{result.Origin.Run}/{result.Origin.Job}")
            .Member("startedOn"u8, StatementTime.Milliseconds(details.Started))
            .End().End();
    }

    /// <summary>A tree: the SHA-256 of its <c>Directory</c>, and the whole digest, whose size the hash does not say.</summary>
    private static void WriteTree(CanonicalWriter json, string name, Digest tree) =>
        json.Begin().Begin("annotations"u8).Member("tree"u8, tree.ToString()).End().Begin("digest"u8).Member("sha256"u8, tree.Hash).End().Member("name"u8, name).End();

    private static JsonValue.Object? MetadataOf(Statement statement) => (statement.Predicate["runDetails"] as JsonValue.Object)?["metadata"] as JsonValue.Object;

    private static ActionDescription ReadAction(JsonValue.Object definition)
    {
        var parameters = definition["externalParameters"] as JsonValue.Object ?? throw Missing("externalParameters");
        foreach (var member in parameters.Members)
        {
            // At level 3 these are complete: one that is not known could have changed what was built.
            if (member.Key is not ("arguments" or "environment" or "outputs" or "platform" or "workingDirectory"))
            {
                throw new FormatException($"`externalParameters` has `{member.Key}`, which is not known");
            }
        }

        return new ActionDescription
        {
            Arguments = Texts(parameters, "arguments"),
            Environment = Pairs(parameters, "environment"),
            WorkingDirectory = parameters.TextOf("workingDirectory") ?? throw Missing("workingDirectory"),
            Outputs = Texts(parameters, "outputs"),
            Platform = Pairs(parameters, "platform"),
            InputRoot = InputsOf(definition),
        };
    }

    private static Digest InputsOf(JsonValue.Object definition)
    {
        if (definition["resolvedDependencies"] is JsonValue.List list)
        {
            foreach (var item in list.Items)
            {
                if (item is JsonValue.Object dependency && dependency.TextOf("name") == InputsName)
                {
                    return dependency["annotations"] is JsonValue.Object annotations && Digest.TryParse(annotations.TextOf("tree"), null, out var tree) ? tree : throw Missing("tree");
                }
            }
        }

        throw Missing(InputsName);
    }

    private static ImmutableArray<string> Texts(JsonValue.Object parameters, string name)
    {
        var list = parameters[name] as JsonValue.List ?? throw Missing(name);
        var texts = ImmutableArray.CreateBuilder<string>(list.Items.Length);
        foreach (var item in list.Items)
        {
            texts.Add((item as JsonValue.Text ?? throw Missing(name)).Value);
        }

        return texts.DrainToImmutable();
    }

    private static ImmutableArray<KeyValuePair<string, string>> Pairs(JsonValue.Object parameters, string name)
    {
        var value = parameters[name] as JsonValue.Object ?? throw Missing(name);
        var pairs = new KeyValuePair<string, string>[value.Members.Length];
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(value.Members[i].Key, (value.Members[i].Value as JsonValue.Text ?? throw Missing(name)).Value);
        }

        Array.Sort(pairs, static (left, right) => Utf8Order.Compare(left.Key, right.Key));
        return [.. pairs];
    }

    private static FormatException Missing(string name) => new($"`{name}` is missing or of another type");
}
