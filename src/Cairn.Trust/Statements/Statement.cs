using System.Buffers;
using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>What a statement is about.</summary>
/// <param name="Name">Its name there: a path, mostly. Of others it may have none, or <c>_</c>.</param>
/// <param name="Sha256">The SHA-256 of its bytes, 64 lower-case hex digits.</param>
public sealed record Subject(string Name, string Sha256);

/// <summary>An in-toto Statement.</summary>
/// <param name="Subjects">What it is about, at least one; names are distinct where there are any.</param>
/// <param name="PredicateType">What is said of it.</param>
/// <param name="Predicate">What is said.</param>
public sealed record Statement(ImmutableArray<Subject> Subjects, string PredicateType, JsonValue.Object Predicate)
{
    /// <summary>The type of version 1, which Cairn writes.</summary>
    public const string TypeV1 = "https://in-toto.io/Statement/v1";

    /// <summary>The type of version 0.1, which others still write; nothing that is cached has it.</summary>
    public const string TypeV01 = "https://in-toto.io/Statement/v0.1";

    // What in-toto has for a name that means nothing.
    private const string Nameless = "_";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>
    /// Whether it is as only others write them: of version 0.1, with subjects that have no name or no SHA-256, or without a predicate. It says what in-toto lets it say; nothing that Cairn itself writes is
    /// read from it.
    /// </summary>
    public bool IsForeign { get; init; }

    /// <summary>Writes it as canonical JSON, as version 1.</summary>
    public byte[] ToJson()
    {
        var subjects = Subjects.Select(static s => (JsonValue)new JsonObjectBuilder().Add("name", s.Name).Add("digest", new JsonObjectBuilder().Add("sha256", s.Sha256).Build()).Build());
        return CanonicalJson.Write(new JsonObjectBuilder()
            .Add("_type", TypeV1).Add("subject", new JsonValue.List([.. subjects])).Add("predicateType", PredicateType).Add("predicate", Predicate).Build());
    }

    /// <summary>
    /// Reads a statement; null where it is refused, with the reason. Members that are not known are passed over, as in-toto demands, and so are subjects that are told by other digests than SHA-256. Names of
    /// subjects that lead out of a folder, or that a person could take for each other, are refused.
    /// </summary>
    public static Statement? TryRead(ReadOnlySpan<byte> json, out string? problem)
    {
        if (StrictJson.TryRead(json, out problem) is not { } value)
        {
            return null;
        }

        try
        {
            return Read(value);
        }
        catch (FormatException exception)
        {
            problem = exception.Message;
            return null;
        }
    }

    /// <summary>Why <see cref="TryRead"/> would refuse a statement about these; null where it would not. Reading a document of more than a million bytes back is the way to know that.</summary>
    public static string? ProblemOf(ImmutableArray<Subject> subjects)
    {
        if (subjects.Length is 0 or > Limits.SubjectsMax)
        {
            return $"`subject` is not a list of 1 to {Limits.SubjectsMax}";
        }

        var names = new SubjectNames(subjects.Length);
        foreach (var subject in subjects)
        {
            if (subject.Name.Length is 0 or > Limits.NameCharactersMax)
            {
                return $"the name of a subject is longer than {Limits.NameCharactersMax} characters";
            }

            if (names.ProblemOf(subject.Name) is { } problem)
            {
                return $"the subject `{subject.Name}` {problem}";
            }
        }

        return null;
    }

    private static Statement Read(JsonValue value)
    {
        if (value is not JsonValue.Object statement)
        {
            throw new FormatException("it is no object");
        }

        if (statement.TextOf("_type") is not (TypeV1 or TypeV01))
        {
            throw new FormatException(LinkFile.ProblemOf(statement) ?? "its `_type` is that of no in-toto statement");
        }

        if (statement.TextOf("predicateType") is not { Length: > 0 and <= Limits.NameCharactersMax } type)
        {
            throw new FormatException("`predicateType` is missing or no text");
        }

        // One that is left out is an empty one.
        var predicate = statement["predicate"] switch
        {
            JsonValue.Object given => given,
            null or JsonValue.Null => null,
            _ => throw new FormatException("`predicate` is no object"),
        };
        if (statement["subject"] is not JsonValue.List { Items.Length: > 0 and <= Limits.SubjectsMax } list)
        {
            throw new FormatException($"`subject` is not a list of 1 to {Limits.SubjectsMax}");
        }

        var subjects = ImmutableArray.CreateBuilder<Subject>(list.Items.Length);
        var names = new SubjectNames(list.Items.Length);
        var isForeign = predicate is null || statement.TextOf("_type") is TypeV01;
        foreach (var item in list.Items)
        {
            if (SubjectOf(item) is not { } subject)
            {
                isForeign = true;
                continue;
            }

            var isNameless = subject.Name is "" or Nameless;
            isForeign |= isNameless;
            if (!isNameless && names.ProblemOf(subject.Name) is { } problem)
            {
                throw new FormatException($"the subject `{subject.Name}` {problem}");
            }

            subjects.Add(subject);
        }

        return subjects.Count > 0
            ? new Statement(subjects.DrainToImmutable(), type, predicate ?? new JsonObjectBuilder().Build()) { IsForeign = isForeign }
            : throw new FormatException("none of its subjects has a `sha256`, by which artifacts are found here");
    }

    /// <summary>A subject; null for one that other digests tell.</summary>
    private static Subject? SubjectOf(JsonValue item)
    {
        if (item is not JsonValue.Object subject)
        {
            throw new FormatException("a subject is no object");
        }

        var name = subject["name"] switch
        {
            null => "",
            JsonValue.Text { Value: { Length: <= Limits.NameCharactersMax } text } => text,
            _ => throw new FormatException($"the name of a subject is no text of at most {Limits.NameCharactersMax} characters"),
        };
        if (subject["digest"] is not JsonValue.Object { Members.Length: > 0 } digest)
        {
            throw new FormatException($"the subject `{name}` has no digest");
        }

        return digest["sha256"] switch
        {
            null => null,
            JsonValue.Text { Value: var hash } when IsHash(hash) => new Subject(name, hash),
            _ => throw new FormatException($"the `sha256` of the subject `{name}` has not 64 lower-case hex digits"),
        };
    }

    /// <summary>Whether a text is a SHA-256 as digests write it.</summary>
    internal static bool IsHash(string text) => text.Length == 2 * Digest.HashBytes && !text.AsSpan().ContainsAnyExcept(HexDigits);
}
