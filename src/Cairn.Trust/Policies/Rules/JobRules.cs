using System.Collections.Immutable;

using Cairn.Trust.Verification;

namespace Cairn.Trust.Policies.Rules;

/// <summary>A rule that each job answers for itself.</summary>
public abstract record JobRule : PolicyRule
{
    private protected JobRule(string key, ImmutableArray<RolePattern> except)
        : base(key) => Except = except;

    /// <summary>Steps that it is not asked of.</summary>
    public ImmutableArray<RolePattern> Except { get; }

    /// <inheritdoc/>
    public sealed override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Jobs is not { } jobs)
        {
            return NotChecked("No attestation names the jobs of the run");
        }

        var asked = 0;
        var bad = new List<(string Job, string Reason)>();
        var open = new List<(string Job, string Reason)>();
        foreach (var job in jobs)
        {
            if (!job.HasRun || RolePattern.AnyMatches(Except, job.Step))
            {
                continue;
            }

            asked++;
            var (verdict, reason) = JudgeJob(job);
            (verdict is Verdict.Fail ? bad : verdict is Verdict.NotChecked ? open : null)?.Add((job.Name, reason));
        }

        return bad.Count > 0 ? Fail(Sentence(bad)) : open.Count > 0 ? NotChecked(Sentence(open)) : asked == 0 ? NotChecked("There is no job to ask it of") : Pass(Praise(Listed.Count(asked, "job")));
    }

    /// <summary>What one job answers; the reason goes on after its name.</summary>
    private protected abstract (Verdict Verdict, string Reason) JudgeJob(JobEvidence job);

    private protected abstract string Praise(string jobs);

    private static string Sentence(List<(string Job, string Reason)> found)
    {
        var others = found.Skip(1).Select(static f => f.Job).ToList();
        return $"`{found[0].Job}` {found[0].Reason}{(others.Count == 0 ? "" : $"; likewise {Listed.Names(others)}")}";
    }
}

/// <summary><c>isolation</c>: where jobs run at least.</summary>
public sealed record IsolationRule(string AtLeast, ImmutableArray<RolePattern> Spared) : JobRule("isolation", Spared)
{
    private protected override (Verdict Verdict, string Reason) JudgeJob(JobEvidence job) =>
        job.Isolation is not { } isolation ? (Verdict.NotChecked, "does not say where it ran")
        : Scales.Isolation.IndexOf(isolation) >= Scales.Isolation.IndexOf(AtLeast) ? (Verdict.Pass, "")
        : (Verdict.Fail, $"ran in `{isolation}`, which is less than `{AtLeast}`");

    private protected override string Praise(string jobs) => $"{jobs} ran in `{AtLeast}` or better";
}

/// <summary><c>network</c>: what jobs reach at most.</summary>
public sealed record NetworkRule(string AtMost, ImmutableArray<RolePattern> Spared) : JobRule("network", Spared)
{
    private protected override (Verdict Verdict, string Reason) JudgeJob(JobEvidence job)
    {
        if (job.Network is not { } network)
        {
            return (Verdict.NotChecked, "does not say what it could reach");
        }

        var reach = Scales.Network.IndexOf(network);
        return reach >= 0 && reach <= Scales.Network.IndexOf(AtMost) ? (Verdict.Pass, "") : (Verdict.Fail, $"had the network `{network}`, which is more than `{AtMost}`");
    }

    private protected override string Praise(string jobs) => $"{jobs} had the network `{AtMost}`{(AtMost == Scales.Network.Words[0] ? "" : " or less")}";
}

/// <summary><c>steps</c>: what must have succeeded.</summary>
public sealed record StepsRule(ImmutableArray<RolePattern> Patterns) : PolicyRule("steps")
{
    /// <inheritdoc/>
    public override RuleResult Judge(Evidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        if (evidence.Jobs is not { } jobs)
        {
            return NotChecked("No attestation names the jobs of the run");
        }

        var succeeded = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pattern in Patterns)
        {
            JobEvidence? other = null;
            var isThere = false;
            foreach (var job in jobs)
            {
                if (!pattern.IsMatch(job.Step))
                {
                    continue;
                }

                if (job.Status == JobEvidence.Succeeded)
                {
                    isThere = true;
                    succeeded.Add(job.Name);
                }
                else if (job.Status != JobEvidence.Skipped && !job.IsAllowed)
                {
                    return Fail($"`{job.Name}` did not succeed: it is `{job.Status}`");
                }
                else
                {
                    // What a condition skipped, or may fail, shows nothing; another job of the pattern may.
                    other ??= job;
                }
            }

            if (!isThere)
            {
                return Fail(other is null ? $"No step `{pattern}` is in the run" : $"`{other.Name}` is `{other.Status}`, and nothing of `{pattern}` succeeded");
            }
        }

        return Pass($"{Listed.Count(succeeded.Count, "job")} of {Listed.Names(Patterns.Select(static p => p.Text))} succeeded");
    }
}
