using System.Collections.Immutable;

using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>Somebody's word that artifacts may be used. <c>docs/formats/approval.md</c> describes how it is written.</summary>
/// <param name="Time">When it was given, as the statement says.</param>
/// <param name="Receipt">The payload hash of the attestation that was looked at; null where there was none.</param>
/// <param name="Comment">What the approver says; null for nothing.</param>
public sealed record Approval(DateTimeOffset Time, string? Receipt, string? Comment)
{
    /// <summary>The predicate type.</summary>
    public const string PredicateType = "https://cairn.build/approval/v1";

    /// <summary>The longest comment, in characters.</summary>
    public const int CommentCharactersMax = 2_000;

    /// <summary>Makes the statement.</summary>
    public Statement Write(ImmutableArray<Subject> subjects) => new(subjects, PredicateType, new JsonObjectBuilder()
        .Add("approvedOn", StatementTime.Seconds(Time))
        .Add("attestation", Receipt is { } receipt ? new JsonObjectBuilder().Add("digest", new JsonObjectBuilder().Add("sha256", receipt).Build()).Build() : null)
        .Add("comment", Comment)
        .Build());

    /// <summary>Reads an approval; null where it is refused, with the reason. Members that are not known are refused: one could have been a condition.</summary>
    public static Approval? TryRead(Statement statement, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(statement);
        problem = null;
        var unknown = statement.Predicate.Members.Select(static m => m.Key).FirstOrDefault(static k => k is not ("approvedOn" or "attestation" or "comment"));
        if (statement.IsForeign || statement.PredicateType != PredicateType)
        {
            problem = $"it is no `{PredicateType}` in a statement of version 1";
        }
        else if (unknown is not null)
        {
            problem = $"it has `{unknown}`, which is not known";
        }
        else if (StatementTime.TryReadSeconds(statement.Predicate.TextOf("approvedOn")) is not { } time)
        {
            problem = "`approvedOn` is no time in UTC to the second";
        }
        else
        {
            var attestation = statement.Predicate["attestation"];
            var hash = ((attestation as JsonValue.Object)?["digest"] as JsonValue.Object)?.TextOf("sha256");
            var comment = statement.Predicate["comment"];
            if (attestation is not null && (hash is null || !Statement.IsHash(hash)))
            {
                problem = "`attestation` has no `sha256`";
            }
            else if (comment is not (null or JsonValue.Text { Value.Length: <= CommentCharactersMax }))
            {
                problem = "`comment` is no text, or too long";
            }
            else
            {
                return new Approval(time, hash, (comment as JsonValue.Text)?.Value);
            }
        }

        return null;
    }
}
