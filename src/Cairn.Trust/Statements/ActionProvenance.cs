using System.Collections.Immutable;
using System.Globalization;

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
}

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

    private const string ResultName = "result";
    private const string InputsName = "inputs";
    private const string ToolchainName = "toolchain";
    private const string HostPath = "host-path:";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Makes the statement.</summary>
    public static Statement Write(ActionDescription action, ActionResult result, IReadOnlyList<ResolvedDependency> dependencies, ExecutionDetails details)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(dependencies);
        ArgumentNullException.ThrowIfNull(details);
        var predicate = new JsonObjectBuilder().Add("buildDefinition", Definition(action, result.Action, dependencies)).Add("runDetails", Details(result, details)).Build();
        return new Statement(SubjectsOf(result), PredicateType, predicate);
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

    /// <summary>The action that a statement says it is of, put together from its parameters; null where it says none, with the reason.</summary>
    /// <remarks>Its digest, computed again, is the one thing that a statement is found fitting by: not the one it names.</remarks>
    public static ActionDescription? TryReadAction(Statement statement, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(statement);
        problem = null;
        if (statement.IsOld || statement.PredicateType != PredicateType)
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

    private static JsonValue.Object Definition(ActionDescription action, Digest digest, IReadOnlyList<ResolvedDependency> dependencies)
    {
        var parameters = new JsonObjectBuilder()
            .Add("arguments", ListOf(action.Arguments))
            .Add("environment", PairsOf(action.Environment))
            .Add("outputs", ListOf(action.Outputs))
            .Add("platform", PairsOf(action.Platform))
            .Add("workingDirectory", action.WorkingDirectory)
            .Build();
        var resolved = ImmutableArray.CreateBuilder<JsonValue>(dependencies.Count + 2);
        resolved.Add(TreeDependency(InputsName, action.InputRoot));
        foreach (var (name, value) in action.Platform)
        {
            if (name == ToolchainName)
            {
                // As many as the step has toolchains.
                foreach (var text in value.Split(' '))
                {
                    if (Digest.TryParse(text, null, out var tree))
                    {
                        resolved.Add(TreeDependency(ToolchainName, tree));
                    }
                }
            }
            else if (name.StartsWith(HostPath, StringComparison.Ordinal) && Digest.TryParse(value, null, out var path))
            {
                resolved.Add(TreeDependency(name, path));
            }
        }

        foreach (var dependency in dependencies)
        {
            resolved.Add(new JsonObjectBuilder().Add("name", dependency.Name).Add("uri", dependency.Uri).Add("digest", new JsonObjectBuilder().Add("sha256", dependency.Sha256).Build()).Build());
        }

        return new JsonObjectBuilder()
            .Add("buildType", BuildType)
            .Add("externalParameters", parameters)
            .Add("internalParameters", new JsonObjectBuilder().Add("action", digest.ToString()).Build())
            .Add("resolvedDependencies", new JsonValue.List(resolved.DrainToImmutable()))
            .Build();
    }

    private static JsonValue.Object Details(ActionResult result, ExecutionDetails details)
    {
        var byproducts = ImmutableArray.CreateBuilder<JsonValue>();
        foreach (var (name, digest) in (ReadOnlySpan<(string, Digest?)>)[("log", result.Log), ("log-index", result.LogIndex), (ResultName, Digest.Of(ActionResultEncoder.Encode(result))), ("summary", result.Summary)])
        {
            if (digest is { } value)
            {
                byproducts.Add(new JsonObjectBuilder().Add("name", name).Add("digest", new JsonObjectBuilder().Add("sha256", value.Hash).Build()).Build());
            }
        }

        var resources = new JsonObjectBuilder()
            .Add("maxRssKib", result.Resources.MaxRssKib is > 0 and var peak ? JsonValue.FromInt64(peak) : null)
            .Add("readBlocks", result.Resources.ReadBlocks)
            .Add("systemMicroseconds", (long)Math.Round(result.Resources.SystemMs * 1000))
            .Add("userMicroseconds", (long)Math.Round(result.Resources.UserMs * 1000))
            .Add("wallMicroseconds", (long)Math.Round(result.Resources.WallMs * 1000))
            .Add("writeBlocks", result.Resources.WriteBlocks)
            .Build();
        return new JsonObjectBuilder()
            .Add("builder", new JsonObjectBuilder().Add("id", details.BuilderId).Add("version", new JsonObjectBuilder().Add("cairn", details.Version).Build()).Build())
            .Add("metadata", new JsonObjectBuilder()
                .Add("invocationId", $"{result.Origin.Run}/{result.Origin.Job}")
                .Add("startedOn", Time(details.Started))
                .Add("finishedOn", Time(result.Origin.Time))
                .Add("cairn_inputs", details.Inputs.IsEmpty ? null : ListOf(details.Inputs))
                .Add("cairn_resources", resources)
                .Add(TierMember, details.Tier)
                .Build())
            .Add("byproducts", new JsonValue.List(byproducts.ToImmutable()))
            .Build();
    }

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

    /// <summary>A tree: the SHA-256 of its <c>Directory</c>, and the whole digest, whose size the hash does not say.</summary>
    private static JsonValue.Object TreeDependency(string name, Digest tree) => new JsonObjectBuilder()
        .Add("name", name)
        .Add("digest", new JsonObjectBuilder().Add("sha256", tree.Hash).Build())
        .Add("annotations", new JsonObjectBuilder().Add("tree", tree.ToString()).Build())
        .Build();

    private static JsonValue.List ListOf(ImmutableArray<string> texts) => new([.. texts.Select(static t => (JsonValue)t)]);

    private static JsonValue.Object PairsOf(ImmutableArray<KeyValuePair<string, string>> pairs)
    {
        var value = new JsonObjectBuilder();
        foreach (var (name, text) in pairs)
        {
            value.Add(name, text);
        }

        return value.Build();
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

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
}
