using System.Collections.Immutable;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Scheduling;
using Cairn.Engine.History;
using Cairn.Engine.Receipts;
using Cairn.Engine.Verification;
using Cairn.Store.Actions;
using Cairn.Store.Bundles;
using Cairn.Store.Content;
using Cairn.Trust.Bundles;
using Cairn.Trust.Checks;
using Cairn.Trust.Envelopes;
using Cairn.Trust.Statements;
using Cairn.Trust.Verification;

namespace Cairn.Engine.Replay;

/// <summary>Where attested actions are looked for, and whom to believe.</summary>
public sealed record AttestedSource
{
    /// <summary>The folder that paths are relative to.</summary>
    public required string CurrentDirectory { get; init; }

    /// <summary>The project whose runs are meant.</summary>
    public required string ProjectDirectory { get; init; }

    /// <summary>Whom to believe.</summary>
    public required TrustStore Trust { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The store, in which attestations of jobs may be; null for none.</summary>
    public ContentStore? Store { get; init; }
}

/// <summary>Finds the actions that an attestation, a receipt, a run or a step tells of, judged one by one. Executes nothing.</summary>
public sealed class AttestedActions : IDisposable
{
    private const int ShortHashChars = 12;

    private readonly AttestedSource _source;
    private readonly AttestationJudge _judge;
    private readonly ActionLog _log;
    private readonly Dictionary<string, FoundAttestation> _given = new(StringComparer.Ordinal);

    private AttestedActions(AttestedSource source)
    {
        _source = source;
        _judge = new AttestationJudge(source.Trust, source.Now);
        _log = ActionLog.Open(System.IO.Path.Combine(RunDirectory.StateDirectory(source.ProjectDirectory), "actions"));
    }

    /// <summary>Finds what a person names. Throws <see cref="VerifyTargetException"/> where there is no such thing, or it tells of no action.</summary>
    /// <param name="source">Where to look.</param>
    /// <param name="target">A file or folder with attestations, a run, a step or a job.</param>
    public static AttestedTarget Find(AttestedSource source, string target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        using var actions = new AttestedActions(source);
        var path = System.IO.Path.GetFullPath(target, source.CurrentDirectory);
        return File.Exists(path) || Directory.Exists(path) ? actions.OfFiles(path, target) : actions.OfRunOrStep(target);
    }

    /// <summary>An entry of the action cache as an attested action.</summary>
    public static AttestedAction OfEntry(AttestedSource source, string actionHash)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(actionHash);
        using var actions = new AttestedActions(source);
        var name = $"action {actionHash[..ShortHashChars]}";
        if (StoredEnvelopes.TryReadEntry(source.Store!, actionHash, out var problem, out var isDamaged) is not { } entry)
        {
            return new AttestedAction { Name = name, Tampered = isDamaged ? $"its entry in the store is not what it was: {problem}" : null, Problem = isDamaged ? null : problem };
        }

        var action = actions.OfEnvelope(name, new FoundAttestation(name, entry.Envelope, null));
        return action.Action is not null && action.Digest.Hash != actionHash
            ? action with { Tampered = $"its entry stands under the name of another action, `{actionHash}`" }
            : action;
    }

    /// <inheritdoc/>
    public void Dispose() => _log.Dispose();

    private AttestedTarget OfFiles(string path, string target)
    {
        var finder = new AttestationFinder();
        foreach (var file in Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : (IEnumerable<string>)[path])
        {
            if ((file == path && !BundleReader.Begins(file)) || AttestationFinder.IsNamed(file) || AttestationFinder.Begins(file))
            {
                finder.Add(file, System.IO.Path.GetRelativePath(_source.CurrentDirectory, file));
            }
        }

        ImmutableArray<FoundAttestation> inBundle = BundleReader.Begins(path) ? OfBundle(path, target) : [];
        foreach (var found in inBundle.AddRange(finder.Found))
        {
            if (found.Envelope is { } envelope)
            {
                _given.TryAdd(envelope.PayloadHash, found);
            }
        }

        if (_given.Values.FirstOrDefault(static f => StatementOf(f.Envelope!, out _) is { } statement && RunProvenance.IsReceipt(statement)) is { } receipt)
        {
            return OfReceipt(receipt, stored: null, static _ => true) with { Path = path };
        }

        var actions = ImmutableArray.CreateBuilder<AttestedAction>();
        foreach (var found in _given.Values)
        {
            if (StatementOf(found.Envelope!, out _) is { } statement && ActionProvenance.TryReadAction(statement, out _) is not null)
            {
                actions.Add(OfEnvelope(null, found));
            }
        }

        if (actions.Count == 0)
        {
            var why = finder.Refused is [var refused, ..] ? $": `{refused.Where}` is refused, {refused.Problem}" : "";
            throw new VerifyTargetException($"`{target}` has neither a receipt nor an attestation of an action{why}", "`cairn receipt export --all DIR` writes those of a run");
        }

        return new AttestedTarget(actions.DrainToImmutable()) { Path = path };
    }

    /// <summary>The signed documents of a bundle.</summary>
    private static ImmutableArray<FoundAttestation> OfBundle(string path, string target)
    {
        try
        {
            using var bundle = BundleReader.Open(path);
            return [.. bundle.Head.Evidence.Where(static e => e.Kind is EvidenceKind.Receipt or EvidenceKind.Attestation).SelectMany(e => AttestationFile.Read($"{target}:{e.Digest.Hash[..ShortHashChars]}", e.Content.AsSpan()).Found)];
        }
        catch (BundleException exception)
        {
            throw new VerifyTargetException($"`{target}` is no bundle that can be used: {exception.Message}", "get it again, or look at it with `cairn bundle verify`");
        }
    }

    private AttestedTarget OfRunOrStep(string target)
    {
        var receipts = new RunReceipts(_source.ProjectDirectory);
        var history = new RunHistory(_source.ProjectDirectory);
        var isPlace = target.StartsWith("last", StringComparison.Ordinal) && history.Resolve(target, out _) is not null;
        foreach (var id in isPlace ? [] : receipts.List())
        {
            if (receipts.TryRead(id, out _) is { } stored && stored.Receipt.Steps.Any(s => IsMeant(s) && s.Status == JobStatus.Succeeded))
            {
                return OfReceipt(new FoundAttestation(stored.Path, stored.Envelope, null), stored, IsMeant);
            }
        }

        if (history.Resolve(target, out _) is not { } run)
        {
            throw new VerifyTargetException($"There is no file `{target}`, no run, and no receipt has a step of that name that succeeded", "`cairn runs` lists the runs, `cairn receipt show` the steps of the newest one");
        }

        return receipts.TryRead(run, out var problem) is { } whole
            ? OfReceipt(new FoundAttestation(whole.Path, whole.Envelope, null), whole, static _ => true)
            : throw new VerifyTargetException(problem is null ? $"The run `{run}` has no receipt" : $"The receipt of run `{run}` cannot be read: {problem}", $"`cairn runs show {run}` tells how it ended");

        bool IsMeant(ReceiptStep step) => step.Job == target || step.Step == target;
    }

    private AttestedTarget OfReceipt(FoundAttestation found, StoredReceipt? stored, Func<ReceiptStep, bool> isMeant)
    {
        var judged = _judge.Judge(found, static _ => null);
        var receipt = stored?.Receipt ?? judged.Receipt;
        var tampered = judged.ForgedName is { } forged && !judged.Counts ? $"the receipt names the key `{forged}`, which did not make its signature" : judged.Problem;
        if (receipt is null)
        {
            throw new VerifyTargetException($"`{found.Where}` is no receipt that can be used: {judged.Problem}");
        }

        var actions = ImmutableArray.CreateBuilder<AttestedAction>();
        foreach (var step in receipt.Steps)
        {
            if (isMeant(step) && step is { Status: JobStatus.Succeeded, Action: not null })
            {
                actions.Add(OfStep(receipt, step, found.Envelope!.PayloadHash, SignerOf(judged), tampered));
            }
        }

        return actions.Count > 0
            ? new AttestedTarget(actions.DrainToImmutable()) { Receipt = receipt, Stored = stored, Tampered = tampered }
            : throw new VerifyTargetException($"Nothing that the run `{receipt.RunId}` executed succeeded");
    }

    private AttestedAction OfStep(RunReceipt receipt, ReceiptStep step, string receiptHash, string? signer, string? receiptTampered)
    {
        var (given, isDamaged, problem) = EnvelopeOf(step);
        AttestedAction? action = null;
        if (given is not null)
        {
            action = OfEnvelope(step.Job, given);
            if (action.Action is not null && action.Digest.Hash != step.Action)
            {
                action = action with { Tampered = $"its attestation is of another action than the receipt names, `{action.Digest.Hash}`" };
            }
            else if (action.Tampered is null && action.Problem is null && !HasOutputsOf(step, action))
            {
                action = action with { Tampered = "its attestation has other outputs than the receipt" };
            }
        }
        else if (isDamaged)
        {
            action = new AttestedAction { Name = step.Job, Tampered = $"its entry in the store is not what it was: {problem}" };
        }

        action ??= OfLog(step, problem) with { Attestation = receiptHash, SignedBy = signer, Outputs = step.Outputs };
        return action with { Name = step.Job, Job = step.Job, Step = step.Step, Run = receipt.RunId, Tampered = receiptTampered ?? action.Tampered };
    }

    /// <summary>The attestation that a receipt names: among what was given, or in the store.</summary>
    private (FoundAttestation? Found, bool IsDamaged, string? Problem) EnvelopeOf(ReceiptStep step)
    {
        if (step.Attestation is not { } hash)
        {
            return (null, false, "it has no attestation");
        }

        if (_given.TryGetValue(hash, out var given))
        {
            return (given, false, null);
        }

        if (_source.Store is not { } store)
        {
            return (null, false, "there is no store");
        }

        return StoredEnvelopes.TryReadEntry(store, step.Action!, hash, out var problem, out var isDamaged) is { } entry
            ? (new FoundAttestation(step.Job, entry.Envelope, null), false, null)
            : (null, isDamaged, problem);
    }

    /// <summary>An action without its attestation, by the project's log.</summary>
    private AttestedAction OfLog(ReceiptStep step, string? problem)
    {
        var note = $"its attestation is not here ({problem}): compared with the hashes that the receipt has";
        return _log.Find(step.Action!) is { } digest && ActionDecoder.TryDecode(digest, _log.TryRead, out _) is { } description
            ? new AttestedAction { Name = step.Job, Action = description, Digest = digest, Notes = [note] }
            : new AttestedAction { Name = step.Job, Problem = $"neither its attestation nor its action is here: {problem}" };
    }

    private AttestedAction OfEnvelope(string? name, FoundAttestation found)
    {
        var judged = _judge.Judge(found, static _ => null);
        var envelope = found.Envelope!;
        var shown = name ?? found.Where;
        if (judged.Problem is { } wrong || judged.Statement is not { } statement)
        {
            return new AttestedAction { Name = shown, Attestation = envelope.PayloadHash, Tampered = judged.Problem ?? "it has no statement" };
        }

        if (ActionProvenance.TryReadAction(statement, out wrong) is not { } action)
        {
            return new AttestedAction { Name = shown, Attestation = envelope.PayloadHash, Problem = $"it is of no action: {wrong}" };
        }

        var digest = ActionEncoder.Encode(action).Digest;
        var (run, job) = ActionProvenance.InvocationOf(statement) ?? ("", "");
        var signer = SignerOf(judged);
        var result = ResultOf(statement, digest, envelope.PayloadHash, out var resultTampered);
        var notes = ImmutableArray.CreateBuilder<string>();
        if (signer is null)
        {
            notes.Add($"nobody who is trusted signed it{(WhyNot(judged) is { } why ? $": {why}" : "")}");
        }

        if (result is null && resultTampered is null)
        {
            notes.Add("its result is not in the store: only the hashes of its files are compared, not links, modes and step outputs");
        }

        return new AttestedAction
        {
            Name = job.Length > 0 ? job : $"action {digest.Hash[..ShortHashChars]}",
            Run = run,
            Job = job,
            Step = job.IndexOf('[', StringComparison.Ordinal) is > 0 and var bracket ? job[..bracket] : job,
            Attestation = envelope.PayloadHash,
            Action = action,
            Digest = digest,
            Outputs = OutputsOf(statement),
            Result = result,
            Dependencies = ActionProvenance.DependenciesOf(statement),
            Inputs = ActionProvenance.InputsOf(statement),
            SignedBy = signer,
            Tampered = judged.ForgedName is { } forged && !judged.Counts ? $"it names the key `{forged}`, which did not make its signature" : resultTampered,
            Notes = notes.ToImmutable(),
        };
    }

    /// <summary>The result that a statement was made for, where the store has it.</summary>
    private ActionResult? ResultOf(Statement statement, Digest action, string attestation, out string? tampered)
    {
        tampered = null;
        if (_source.Store is not { } store || StoredEnvelopes.TryReadEntry(store, action.Hash, attestation, out _, out _) is not { } entry)
        {
            return null;
        }

        if (entry.ResultHash != ActionProvenance.ResultHashOf(statement))
        {
            tampered = "the result in the store is not the one that was attested";
            return null;
        }

        return entry.Result;
    }

    private static bool HasOutputsOf(ReceiptStep step, AttestedAction action)
    {
        var hashes = action.Outputs.ToDictionary(static o => o.Path, static o => o.Sha256, StringComparer.Ordinal);
        return hashes.Count == step.Outputs.Length && step.Outputs.All(o => hashes.GetValueOrDefault(o.Path) == o.Sha256);
    }

    private static ImmutableArray<ReceiptFile> OutputsOf(Statement statement)
    {
        const string Prefix = ActionProvenance.OutputsSubject + "/";
        return [.. statement.Subjects.Where(static s => s.Name.StartsWith(Prefix, StringComparison.Ordinal)).Select(static s => new ReceiptFile(s.Name[Prefix.Length..], s.Sha256))];
    }

    private static string? SignerOf(JudgedAttestation judged) => judged.Signers.FirstOrDefault(static s => s.Counts)?.By.Name;

    private static string? WhyNot(JudgedAttestation judged) => judged.Signers.Select(static s => s.ValidityProblem ?? s.RoleProblem).FirstOrDefault();

    private static Statement? StatementOf(Envelope envelope, out string? problem)
    {
        problem = null;
        return envelope.PayloadType == Envelope.InTotoType ? Statement.TryRead(envelope.Payload.AsSpan(), out problem) : null;
    }
}
