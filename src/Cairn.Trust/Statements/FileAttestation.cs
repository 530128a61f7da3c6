using System.Collections.Immutable;

using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>A file as it was attested.</summary>
/// <param name="Name">What it is called in the statement.</param>
/// <param name="Sha256">The SHA-256 of its bytes, 64 lower-case hex digits.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="IsExecutable">Whether its owner may execute it.</param>
public sealed record AttestedFile(string Name, string Sha256, long SizeBytes, bool IsExecutable);

/// <summary>
/// What somebody says of files that are there already, with a predicate of its own: that they had them. It says nothing of where they come from, and is never a result. <c>docs/formats/attest.md</c> describes it.
/// </summary>
public static class FileAttestation
{
    /// <summary>The predicate type.</summary>
    public const string PredicateType = "https://cairn.build/attest/v1";

    private const string Reserved = "https://cairn.build/";

    /// <summary>Makes the statement.</summary>
    public static Statement Write(ImmutableArray<AttestedFile> files, string version, DateTimeOffset now)
    {
        var items = files.Select(static f => (JsonValue)new JsonObjectBuilder()
            .Add("executable", new JsonValue.Flag(f.IsExecutable)).Add("name", f.Name).Add("sizeBytes", f.SizeBytes).Build());
        return Write(files, PredicateType, new JsonObjectBuilder()
            .Add("attestedOn", StatementTime.Seconds(now))
            .Add("files", new JsonValue.List([.. items]))
            .Add("version", new JsonObjectBuilder().Add("cairn", version).Build())
            .Build());
    }

    /// <summary>Makes a statement with a predicate of the caller's. Throws <see cref="ArgumentException"/> for one that <see cref="ProblemOf"/> refuses.</summary>
    public static Statement WriteOther(ImmutableArray<AttestedFile> files, string predicateType, JsonValue.Object predicate) =>
        ProblemOf(predicateType, predicate) is { } problem ? throw new ArgumentException(problem, nameof(predicateType)) : Write(files, predicateType, predicate);

    /// <summary>
    /// Why a predicate is not for a person to attest; null where it is: what Cairn itself says of executions and runs counts for more than a person's word, so nothing else may look like it.
    /// </summary>
    public static string? ProblemOf(string predicateType, JsonValue.Object predicate)
    {
        ArgumentNullException.ThrowIfNull(predicateType);
        ArgumentNullException.ThrowIfNull(predicate);
        if (predicateType.Length > Limits.NameCharactersMax || !Uri.TryCreate(predicateType, UriKind.Absolute, out _) || predicateType.Any(static c => c is <= ' ' or > '~'))
        {
            return $"`{predicateType}` is no absolute URI";
        }

        if (predicateType.StartsWith(Reserved, StringComparison.OrdinalIgnoreCase))
        {
            return $"predicate types below `{Reserved}` are Cairn's own";
        }

        var buildType = (predicate["buildDefinition"] as JsonValue.Object)?.TextOf("buildType");
        var builder = ((predicate["runDetails"] as JsonValue.Object)?["builder"] as JsonValue.Object)?.TextOf("id");
        return new[] { buildType, builder }.Any(static id => id?.StartsWith(Reserved, StringComparison.OrdinalIgnoreCase) is true)
            ? $"build types and builders below `{Reserved}` are Cairn's own: it attests what it executed by itself"
            : null;
    }

    private static Statement Write(ImmutableArray<AttestedFile> files, string predicateType, JsonValue.Object predicate) =>
        new([.. files.Select(static f => new Subject(f.Name, f.Sha256))], predicateType, predicate);
}
