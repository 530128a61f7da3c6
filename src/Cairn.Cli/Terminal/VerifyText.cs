using System.Text.Json;

using Cairn.Engine.Verification;
using Cairn.Trust.Checks;
using Cairn.Trust.Policies;

namespace Cairn.Cli.Terminal;

/// <summary>A checklist for people, and as JSON; <c>docs/reference/json.md</c> documents that.</summary>
internal static class VerifyText
{
    public static void Append(ByteText text, string target, VerifyOutcome outcome, Policy policy, Style style)
    {
        var width = outcome.Checklist.Lines.Max(static l => NameOf(l).Length);
        foreach (var line in outcome.Checklist.Lines)
        {
            var (sign, ink) = line.Verdict switch
            {
                Verdict.Pass => (style.Good, Ink.Good),
                Verdict.Fail => (style.Bad, Ink.Bad),
                _ => (style.Skip, Ink.Warning),
            };
            style.Write(text, ink, sign).Append(" ").Append(NameOf(line)).Spaces(width - NameOf(line).Length + 2);
            if (line.Verdict is Verdict.NotChecked)
            {
                style.Write(text, Ink.Warning, "not checked: ");
            }

            text.Append(AnsiText.Clean(line.Reason)).Line();
        }

        var (word, end) = outcome.Checklist.Conclusion switch
        {
            Conclusion.Verified => ($"{target} is verified", Ink.Good),
            Conclusion.Failed => ($"{target} FAILED", Ink.Bad),
            _ => ($"{target} could not be verified", Ink.Warning),
        };
        style.Write(text, end, AnsiText.Clean(word)).Append($" ({policy.Name})").Line();
    }

    public static void WriteJson(Utf8JsonWriter json, string target, VerifyOutcome outcome, Policy policy)
    {
        json.WriteStartObject();
        json.WriteString("target", target);
        json.WriteString("kind", WordOf(outcome.Kind));
        json.WriteString("conclusion", ConclusionWords.Of(outcome.Checklist.Conclusion));
        json.WriteStartObject("policy");
        json.WriteString("name", policy.Name);
        json.WriteString("sha256", policy.Sha256);
        json.WriteEndObject();
        json.WriteStartArray("checks");
        foreach (var line in outcome.Checklist.Lines)
        {
            json.WriteStartObject();
            json.WriteString("check", CheckWords.Of(line.Kind));
            if (line.Rule is not null)
            {
                json.WriteString("rule", line.Rule);
            }

            json.WriteString("verdict", VerdictWords.Of(line.Verdict));
            json.WriteString("reason", line.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("artifacts");
        foreach (var subject in outcome.Subjects)
        {
            json.WriteStartObject();
            json.WriteString("name", subject.Name);
            json.WriteString("sha256", subject.Sha256);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("attestations");
        foreach (var used in outcome.Checklist.Used)
        {
            json.WriteStartObject();
            json.WriteString("file", used.Found.Where);
            json.WriteString("sha256", used.Payload);
            if (used.Statement is { } statement)
            {
                json.WriteString("predicate_type", statement.PredicateType);
            }

            json.WriteStartArray("signers");
            foreach (var signer in used.Signers.Where(static s => s.Counts))
            {
                json.WriteStartObject();
                json.WriteString("key", signer.By.KeyId);
                json.WriteString("name", signer.By.Name);
                json.WriteString("owner", signer.By.Owner);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The word for what a target was taken for.</summary>
    public static string WordOf(VerifyTargetKind kind) => kind switch
    {
        VerifyTargetKind.Artifact => "artifact",
        VerifyTargetKind.Attestation => "attestation",
        VerifyTargetKind.Run => "run",
        VerifyTargetKind.Bundle => "bundle",
        _ => "directory",
    };

    /// <summary>What a line is called.</summary>
    public static string NameOf(CheckLine line) => line.Rule is null || line.Rule == CheckWords.Of(line.Kind) ? CheckWords.Of(line.Kind) : $"{CheckWords.Of(line.Kind)} {line.Rule}";
}
