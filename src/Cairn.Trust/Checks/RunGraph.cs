using System.Collections.Immutable;

using Cairn.Core.Events;
using Cairn.Core.Language.Model;
using Cairn.Core.Scheduling;
using Cairn.Trust.Policies;
using Cairn.Trust.Policies.Rules;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Checks;

/// <summary>Holds a receipt against the pipeline that it names, and against the attestations of its jobs. Pure.</summary>
public static class RunGraph
{
    /// <summary>The line for the pipeline: each job is one of its steps, and nothing ran whose needs had failed.</summary>
    /// <param name="receipt">The receipt.</param>
    /// <param name="pipeline">The pipeline whose files have the hashes that the receipt names; null where it is not to be had.</param>
    /// <param name="missing">Why it is not to be had.</param>
    public static CheckLine CheckPipeline(RunReceipt receipt, Pipeline? pipeline, string missing)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        if (pipeline is null)
        {
            return new CheckLine(CheckKind.Dag, Verdict.NotChecked, missing);
        }

        var jobs = receipt.Steps.ToLookup(static s => s.Step, StringComparer.Ordinal);
        var generates = pipeline.Steps.Any(static s => s.Generates is not null);
        foreach (var group in jobs)
        {
            if (pipeline.Steps.FirstOrDefault(s => s.Name.Value == group.Key) is not { } step)
            {
                if (generates)
                {
                    continue;
                }

                return Fail($"`{group.Key}` is in the receipt, and no step of the pipeline");
            }

            foreach (var need in step.Needs)
            {
                if (Problem(group, step, need.Name.Value, [.. jobs[need.Name.Value]]) is { } problem)
                {
                    return Fail(problem);
                }
            }
        }

        if (receipt.Selection.IsEmpty && pipeline.Steps.FirstOrDefault(s => !jobs.Contains(s.Name.Value)) is { } left)
        {
            return Fail($"`{left.Name.Value}` is a step of the pipeline, and not in the receipt");
        }

        return new CheckLine(CheckKind.Dag, Verdict.Pass, $"{Listed.Count(receipt.Steps.Length, "job")} of {Listed.Count(jobs.Count, "step")} {(receipt.Steps.Length == 1 ? "fits" : "fit")} the pipeline `{receipt.Pipeline.File}` and what its steps need");
    }

    /// <summary>The line for the attestations of jobs: each is of the action and the outputs that the receipt names, and what it took came from jobs of the receipt.</summary>
    /// <param name="receipt">The receipt.</param>
    /// <param name="find">The attestation of a job, which counts; null where there is none, with the reason.</param>
    public static CheckLine? CheckAttestations(RunReceipt receipt, Func<ReceiptStep, (Statement? Statement, string? Problem)> find)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentNullException.ThrowIfNull(find);
        var attested = receipt.Steps.Where(static s => s.Attestation is not null).ToImmutableArray();
        var known = attested.Select(static s => s.Attestation!).ToHashSet(StringComparer.Ordinal);
        var missing = new List<string>();
        string? why = null;
        foreach (var step in attested)
        {
            var (statement, problem) = find(step);
            if (statement is null)
            {
                missing.Add(step.Job);
                why ??= problem;
                continue;
            }

            if (OutputsProblem(step, statement) is { } other)
            {
                return Fail($"The attestation of `{step.Job}` {other}");
            }

            // What the cache gave was made from the attestations of an earlier run.
            foreach (var input in step.Cache is CacheState.Miss && receipt.Selection.IsEmpty ? ActionProvenance.InputsOf(statement) : [])
            {
                if (!known.Contains(input))
                {
                    return Fail($"`{step.Job}` took something from an attestation that is none of this run's: `{input}`");
                }
            }
        }

        return attested.IsEmpty ? null
            : missing.Count > 0 ? new CheckLine(CheckKind.Dag, Verdict.NotChecked, $"{(missing.Count == attested.Length ? "None of the attestations of its jobs is here" : $"The attestations of {Listed.Names(missing)} are not here")}: {why}")
            : new CheckLine(CheckKind.Dag, Verdict.Pass, attested.Length == 1 ? "The attestation of its job is signed, of the same action and outputs" : $"{Listed.Count(attested.Length, "attestation")} of jobs are signed, of the same actions and outputs");
    }

    private static string? Problem(IEnumerable<ReceiptStep> jobs, Step step, string need, ImmutableArray<ReceiptStep> needed)
    {
        if (step.Condition is not null)
        {
            // Conditions may ask for a failure.
            return null;
        }

        var ran = jobs.FirstOrDefault(static j => j.Status is not (JobStatus.NotRun or JobStatus.Skipped or JobStatus.Cancelled));
        var bad = needed.FirstOrDefault(static n => n.Status is not (JobStatus.Succeeded or JobStatus.Skipped) && !n.IsAllowed);
        return ran is null ? null
            : needed.IsEmpty ? $"`{ran.Job}` needs `{need}`, which is not in the receipt"
            : bad is null ? null
            : $"`{ran.Job}` ran although `{bad.Job}`, which it needs, did not succeed";
    }

    private static string? OutputsProblem(ReceiptStep step, Statement statement)
    {
        const string Prefix = ActionProvenance.OutputsSubject + "/";
        if (ActionProvenance.TryReadAction(statement, out var problem) is not { } action)
        {
            return $"is wrong: {problem}";
        }

        if (Core.Actions.ActionEncoder.Encode(action).Digest.Hash != step.Action)
        {
            return "is of another action";
        }

        var subjects = statement.Subjects.Where(static s => s.Name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(static s => s.Name[Prefix.Length..], static s => s.Sha256, StringComparer.Ordinal);
        foreach (var output in step.Outputs)
        {
            if (!subjects.TryGetValue(output.Path, out var hash) || hash != output.Sha256)
            {
                return $"has another `{output.Path}`";
            }
        }

        return subjects.Count == step.Outputs.Length ? null : "has more outputs than the receipt";
    }

    private static CheckLine Fail(string reason) => new(CheckKind.Dag, Verdict.Fail, reason);
}
