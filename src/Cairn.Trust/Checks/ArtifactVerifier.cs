using System.Collections.Immutable;
using System.Globalization;

using Cairn.Trust.Envelopes;
using Cairn.Trust.Policies;
using Cairn.Trust.Policies.Rules;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Checks;

/// <summary>A file that is verified.</summary>
/// <param name="Name">As people know it.</param>
/// <param name="Sha256">Its bytes; null where they could not be read.</param>
/// <param name="Problem">Why they could not be read; null where they were.</param>
/// <param name="Subject">The name that it should have in the statement; null where its bytes alone tell.</param>
public sealed record VerifiedFile(string Name, string? Sha256, string? Problem = null, string? Subject = null);

/// <summary>What is to be verified, and by what.</summary>
public sealed record VerificationTask
{
    /// <summary>Who judges.</summary>
    public required AttestationJudge Judge { get; init; }

    /// <summary>What has to hold.</summary>
    public required Policy Policy { get; init; }

    /// <summary>Everything that was found.</summary>
    public ImmutableArray<JudgedAttestation> Attestations { get; init; } = [];

    /// <summary>What was refused before it could be judged.</summary>
    public ImmutableArray<RefusedAttestation> Refused { get; init; } = [];

    /// <summary>The one that tells how the files were made; null where there is none.</summary>
    public JudgedAttestation? Main { get; init; }

    /// <summary>The files. Without any, what the statement is about is verified as far as it tells.</summary>
    public ImmutableArray<VerifiedFile> Files { get; init; } = [];

    /// <summary>Why files were not looked at; null where they were.</summary>
    public string? FilesSkipped { get; init; }

    /// <summary>What looking at the graph of jobs gave.</summary>
    public ImmutableArray<CheckLine> Graph { get; init; } = [];

    /// <summary>What judges whether it stands in a log; null where that is not asked.</summary>
    public LogJudge? Log { get; init; }

    /// <summary>Whether everything that was found must be signed by a trusted key.</summary>
    public bool TrustedOnly { get; init; }

    /// <summary>Why there is nothing to go by, for people: where was looked.</summary>
    public string NothingFound { get; init; } = "There is no attestation of it";
}

/// <summary>Verifies artifacts: a line for each check, each with its reason. Pure.</summary>
public static class ArtifactVerifier
{
    private const int ShownMax = 10;

    /// <summary>
    /// The attestation that tells most of files: one that covers as many of them as any, signed by who counts rather than not, and a receipt rather than other provenance, that rather than anything else; of
    /// several the newest. Without files the first of these. Null where there is none.
    /// </summary>
    public static JudgedAttestation? Choose(ImmutableArray<JudgedAttestation> attestations, ImmutableArray<VerifiedFile> files) =>
        attestations.Where(static a => a.Problem is null && a.Approval is null && a.Statement?.PredicateType != VerificationSummary.PredicateType)
            .Select(a => (Attestation: a, Covered: files.Count(f => f.Sha256 is { } hash && a.Covers(hash))))
            .Where(c => files.IsEmpty || c.Covered > 0)
            .OrderByDescending(static c => c.Covered).ThenByDescending(static c => c.Attestation.Counts)
            .ThenByDescending(static c => c.Attestation.Receipt is not null ? 2 : c.Attestation.Claims.Builder is not null ? 1 : 0)
            .ThenByDescending(static c => c.Attestation.Claims.Time ?? DateTimeOffset.MinValue)
            .Select(static c => c.Attestation).FirstOrDefault();

    /// <summary>Verifies.</summary>
    public static Checklist Verify(VerificationTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        var lines = new List<CheckLine>();
        var main = task.Main;
        var approvals = task.Attestations.Where(static a => a is { Approval: not null, Problem: null }).Select(a => task.Judge.JudgeApproval(a, main?.Claims ?? Claims.None)).ToImmutableArray();
        var copies = main is null ? [] : task.Attestations.Where(a => a.Problem is null && a.Payload == main.Payload && a.Found.Message is null == main.Found.Message is null).ToImmutableArray();
        var others = task.Attestations.Where(a => a is { Problem: null, Approval: null } && !copies.Contains(a)).ToImmutableArray();

        AddSyntax(task, main, approvals, lines);
        lines.AddRange(task.Graph);
        var artifacts = AddFiles(task, main, lines);
        var signers = copies.SelectMany(static c => c.Signers).DistinctBy(static s => s.By.KeyId, StringComparer.Ordinal).ToImmutableArray();
        AddSigners(task, main, copies, signers, lines);
        foreach (var stranger in approvals.Concat(others).Where(static a => !a.Counts).Take(ShownMax))
        {
            lines.Add(new CheckLine(CheckKind.Trust, task.TrustedOnly ? Verdict.Fail : Verdict.NotChecked, $"`{stranger.Found.Where}` is left out: {WhyNot(stranger)}"));
        }

        var counting = signers.Where(static s => s.Counts).ToImmutableArray();
        ImmutableArray<JudgedAttestation> used = counting.IsEmpty ? [] : [.. copies, .. approvals.Where(static a => a.Counts), .. others.Where(static a => a.Counts)];
        var log = task.Log?.Judge(copies, [.. task.Attestations.Where(static a => a.Problem is null)]);
        var evidence = EvidenceOf(task, main, counting, artifacts, used) with { Log = counting.IsEmpty ? null : log, Witnesses = counting.IsEmpty || log is not { Problem: null } ? null : log.Cosigners };
        AddPolicy(task, main, counting, evidence, lines);
        AddLog(task, copies, log, lines);
        return new Checklist([.. lines.OrderBy(static l => l.Kind)], Checklist.Conclude(lines, task.Policy.FailsUnchecked), evidence, used);
    }

    private static void AddSyntax(VerificationTask task, JudgedAttestation? main, ImmutableArray<JudgedAttestation> approvals, List<CheckLine> lines)
    {
        foreach (var refused in task.Refused.Select(static r => (r.Where, r.Problem)).Concat(task.Attestations.Where(static a => a.Problem is not null).Select(static a => (a.Found.Where, Problem: a.Problem!))).Take(ShownMax))
        {
            lines.Add(new CheckLine(CheckKind.Syntax, Verdict.Fail, $"`{refused.Where}` is refused: {refused.Problem}"));
        }

        if (main is not null)
        {
            lines.Add(new CheckLine(CheckKind.Syntax, Verdict.Pass, $"`{main.Found.Where}` is {What(main)}"));
        }
        else if (lines.Count == 0)
        {
            lines.Add(new CheckLine(CheckKind.Syntax, Verdict.NotChecked, task.NothingFound) { IsEssential = true });
        }

        foreach (var approval in approvals.Take(ShownMax))
        {
            lines.Add(new CheckLine(CheckKind.Syntax, Verdict.Pass, $"`{approval.Found.Where}` is an approval"));
        }
    }

    private static string What(JudgedAttestation main) => main switch
    {
        { Receipt: { } receipt } => string.Create(CultureInfo.InvariantCulture, $"the receipt of the run `{receipt.RunId}` of `{receipt.Project}`, {Listed.Count(receipt.Steps.Length, "job")}, {Listed.Count(main.Subjects.Length, "artifact")}"),
        { Statement: null } => "a signature over an artifact",
        { Claims.Builder: { } builder } => $"provenance by the builder `{builder}`",
        _ => $"a statement of the type `{main.Statement.PredicateType}`",
    };

    /// <summary>Adds the lines of files and hashes, and gives what is verified.</summary>
    private static ImmutableArray<Subject> AddFiles(VerificationTask task, JudgedAttestation? main, List<CheckLine> lines)
    {
        if (task.Files.IsEmpty)
        {
            if (task.FilesSkipped is { } why)
            {
                lines.Add(new CheckLine(CheckKind.Files, Verdict.NotChecked, why));
            }

            return main?.Subjects ?? [];
        }

        var missing = task.Files.Where(static f => f.Sha256 is null).ToImmutableArray();
        foreach (var file in missing.Take(ShownMax))
        {
            lines.Add(new CheckLine(CheckKind.Files, Verdict.Fail, $"`{file.Name}` {file.Problem}"));
        }

        if (missing.IsEmpty)
        {
            lines.Add(new CheckLine(CheckKind.Files, Verdict.Pass, task.Files is [var only] ? $"`{only.Name}` is there" : $"{Listed.Count(task.Files.Length, "file")} {(task.Files.Length == 1 ? "is" : "are")} there"));
        }

        var artifacts = ImmutableArray.CreateBuilder<Subject>();
        var wrong = new List<string>();
        foreach (var file in task.Files)
        {
            if (file.Sha256 is null)
            {
                continue;
            }

            if (Match(main, file) is { } subject)
            {
                artifacts.Add(subject);
            }
            else
            {
                // It is verified still: rules look at it by the name that it has.
                artifacts.Add(new Subject(file.Subject ?? file.Name, file.Sha256));
                wrong.Add(WhyNoMatch(main, file));
            }
        }

        if (main is null)
        {
            return artifacts.DrainToImmutable();
        }

        lines.AddRange(wrong.Take(ShownMax).Select(static w => new CheckLine(CheckKind.Hashes, Verdict.Fail, w)));
        if (wrong.Count > ShownMax)
        {
            lines.Add(new CheckLine(CheckKind.Hashes, Verdict.Fail, $"{Listed.Count(wrong.Count - ShownMax, "more file")} {(wrong.Count - ShownMax == 1 ? "has" : "have")} other bytes than were attested"));
        }

        if (wrong.Count == 0 && artifacts.Count > 0)
        {
            lines.Add(new CheckLine(CheckKind.Hashes, Verdict.Pass, artifacts is [var match] && task.Files.Length == 1 ? $"Its SHA-256 `{match.Sha256}` is that of `{match.Name}`" : $"{Listed.Count(artifacts.Count, "file")} {(artifacts.Count == 1 ? "has" : "have")} the attested bytes"));
        }

        return artifacts.DrainToImmutable();
    }

    private static Subject? Match(JudgedAttestation? main, VerifiedFile file) =>
        main?.Subjects.FirstOrDefault(s => s.Sha256 == file.Sha256 && (file.Subject is null || s.Name == file.Subject)) is { } subject
            ? main.Statement is null ? subject with { Name = file.Name } : subject
            : null;

    private static string WhyNoMatch(JudgedAttestation? main, VerifiedFile file)
    {
        var name = file.Subject ?? file.Name;
        var same = main?.Subjects.FirstOrDefault(s => s.Name == name || s.Name.EndsWith($"/{Path.GetFileName(name)}", StringComparison.Ordinal) || s.Name == Path.GetFileName(name));
        return same is null ? $"Nothing that was attested has the SHA-256 of `{file.Name}`, `{file.Sha256}`" : $"`{file.Name}` has the SHA-256 `{file.Sha256}`, but `{same.Name}` was attested with `{same.Sha256}`";
    }

    private static void AddSigners(VerificationTask task, JudgedAttestation? main, ImmutableArray<JudgedAttestation> copies, ImmutableArray<JudgedSigner> signers, List<CheckLine> lines)
    {
        if (main is null)
        {
            return;
        }

        if (signers.IsEmpty)
        {
            var forged = copies.Select(static c => c.ForgedName).FirstOrDefault(static n => n is not null);
            lines.Add(forged is not null
                ? new CheckLine(CheckKind.Signatures, Verdict.Fail, $"It names the key `{forged}`, which did not make its signature")
                : new CheckLine(CheckKind.Signatures, Verdict.NotChecked, $"It could not be checked: {WhyNot(main)}") { IsEssential = true });
            lines.Add(new CheckLine(CheckKind.Trust, task.TrustedOnly ? Verdict.Fail : Verdict.NotChecked, "Nobody who is trusted signed it") { IsEssential = true });
            return;
        }

        lines.Add(new CheckLine(CheckKind.Signatures, Verdict.Pass, $"The {(signers.Length == 1 ? "signature is that of" : "signatures are those of")} {Listed.Names(signers.Select(static s => s.By.Name))}"));
        lines.Add(new CheckLine(CheckKind.Trust, Verdict.Pass, string.Join("; ", signers.Take(ShownMax).Select(Known))));
        AddValidity(task, main, signers, lines);
        var valid = signers.Where(static s => s.ValidityProblem is null).ToImmutableArray();
        if (valid.IsEmpty)
        {
            return;
        }

        var counting = valid.Where(static s => s.RoleProblem is null).ToImmutableArray();
        lines.Add(counting.IsEmpty
            ? new CheckLine(CheckKind.Roles, Verdict.Fail, Sentence(valid[0].RoleProblem!))
            : new CheckLine(CheckKind.Roles, Verdict.Pass, $"{Listed.Names(counting.Select(static s => s.By.Name))} may say this{Speaks(main)}"));
        if (counting.IsEmpty)
        {
            return;
        }

        var needed = task.Judge.Believed.ThresholdFor(main.Claims.Project, main.Claims.Pipeline);
        var problem = task.Judge.Believed.ThresholdProblem([.. counting.Select(static s => s.Key)], main.Claims.Project, main.Claims.Pipeline);
        lines.Add(new CheckLine(CheckKind.Thresholds, problem is null ? Verdict.Pass : Verdict.Fail, problem is null ? string.Create(CultureInfo.InvariantCulture, $"{Listed.Count(counting.Length, "key")} signed, and {needed} must") : Sentence(problem)));
    }

    private static void AddValidity(VerificationTask task, JudgedAttestation main, ImmutableArray<JudgedSigner> signers, List<CheckLine> lines)
    {
        var bad = signers.Where(static s => s.ValidityProblem is not null).ToImmutableArray();
        var now = signers.Where(static s => s is { ValidityProblem: null, IsByClaimedTime: false }).ToImmutableArray();
        if (!now.IsEmpty)
        {
            lines.Add(new CheckLine(CheckKind.Validity, Verdict.Pass, $"{Listed.Names(now.Select(static s => s.By.Name))} {(now.Length == 1 ? "is" : "are")} valid now{(bad.IsEmpty ? "" : $"; not counted: {bad[0].ValidityProblem}")}"));
        }
        else if (bad.Length < signers.Length)
        {
            var signer = signers.First(static s => s.IsByClaimedTime);
            lines.Add(new CheckLine(CheckKind.Validity, Verdict.NotChecked, string.Create(CultureInfo.InvariantCulture, $"{Sentence(signer.Key.ProblemAt(task.Judge.Now)!)}; it says itself that it is of {main.Claims.Time!.Value.UtcDateTime:yyyy-MM-dd HH:mm} UTC, and no log vouches for that")));
        }
        else
        {
            lines.Add(new CheckLine(CheckKind.Validity, Verdict.Fail, Sentence(bad[0].ValidityProblem!)));
        }
    }

    private static void AddPolicy(VerificationTask task, JudgedAttestation? main, ImmutableArray<JudgedSigner> counting, Evidence evidence, List<CheckLine> lines)
    {
        if (main is null || counting.IsEmpty)
        {
            lines.Add(new CheckLine(CheckKind.Policy, Verdict.NotChecked, $"`{task.Policy.Name}` was not asked: nothing that counts says anything") { IsEssential = true });
            return;
        }

        foreach (var rule in task.Policy.Judge(evidence).Rules)
        {
            lines.Add(new CheckLine(rule.Rule == LogRule.Name ? CheckKind.Log : CheckKind.Policy, rule.Verdict, rule.Reason, rule.Rule));
        }
    }

    // A policy with a rule for it has its line already.
    private static void AddLog(VerificationTask task, ImmutableArray<JudgedAttestation> copies, LogEvidence? log, List<CheckLine> lines)
    {
        if (!copies.IsEmpty && !lines.Exists(static l => l.Kind == CheckKind.Log))
        {
            lines.Add(log switch
            {
                null => new CheckLine(CheckKind.Log, Verdict.NotChecked, LogRule.Unknown),
                { Problem: { } problem } => new CheckLine(CheckKind.Log, log.IsFault ? Verdict.Fail : Verdict.NotChecked, problem),
                _ => new CheckLine(CheckKind.Log, Verdict.Pass, LogRule.In(log)),
            });
        }

        if (log is { Others: > 0 })
        {
            lines.Add(new CheckLine(CheckKind.Log, Verdict.Pass, $"{Listed.Count(log.Others, "other statement")} that came with it {(log.Others == 1 ? "stands" : "stand")} in a log, too"));
        }
    }

    private static Evidence EvidenceOf(VerificationTask task, JudgedAttestation? main, ImmutableArray<JudgedSigner> counting, ImmutableArray<Subject> artifacts, ImmutableArray<JudgedAttestation> used)
    {
        var evidence = new Evidence { Now = task.Judge.Now, Artifacts = artifacts };
        if (main is null || counting.IsEmpty)
        {
            return evidence;
        }

        var claims = main.Claims;
        var worth = counting.Max(static s => s.Key.Tier);
        return evidence with
        {
            Subjects = main.Statement is null ? artifacts : main.Subjects,
            Project = claims.Project,
            Pipeline = claims.Pipeline,
            Builder = claims.Builder,
            Tier = claims.Tier is { } tier ? tier < worth ? tier : worth : null,
            Finished = claims.Time,
            Source = claims.Source,
            Jobs = claims.Jobs,
            Toolchains = claims.Toolchains,
            Signers = [.. counting.Select(static s => s.By)],
            Approvals = [.. used.Where(a => a.Approval is { } approval && (approval.Receipt is null || approval.Receipt == main.Payload))
                .SelectMany(static a => a.Signers.Where(static s => s.Counts).Select(s => new ApprovalEvidence(s.By, a.Approval!.Time, [.. a.Subjects.Select(static x => x.Sha256)])))],
            Builds = [.. used.Where(static a => a.Approval is null).DistinctBy(static a => a.Payload, StringComparer.Ordinal)
                .SelectMany(static a => a.Claims.Built.Select(b => new BuildEvidence(a.Signers.First(static s => s.Counts).By.Owner, a.Claims.Builder, b.Name, b.Sha256, b.Action)))],
        };
    }

    private static string WhyNot(JudgedAttestation attestation) => attestation switch
    {
        { Signers: [{ ValidityProblem: { } problem }, ..] } => problem,
        { Signers: [{ RoleProblem: { } problem }, ..] } => problem,
        { Found.Bundle.Key: BundleKey.Certificate } => "it needs Fulcio certificates, which are not trusted here; `--public-key FILE` names a key that is",
        { Found.Message: not null } => "none of the keys that are known here made it",
        { Found.Envelope.Signatures: [{ KeyId: { Length: > 0 } id }] } => $"its key {Short(id)} is not known here",
        _ => "none of the keys that are known here made a signature of it",
    };

    private static string Known(JudgedSigner signer) =>
        signer.Key.IsGiven ? $"`{signer.By.Name}` is trusted for this verification"
        : signer.Key.IsOwn ? $"`{signer.By.Name}` is this machine's own key"
        : $"`{signer.By.Name}`{(signer.Key.Owner is null ? "" : $" of {signer.Key.Owner}")} is trusted";

    private static string Speaks(JudgedAttestation main) => main.Claims.Builder is { } builder ? $", for the builder `{builder}`" : "";

    private static string Short(string id) => id.Length == 64 && id.All(char.IsAsciiHexDigit) ? $"`{id[..16]}…`" : "";

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
