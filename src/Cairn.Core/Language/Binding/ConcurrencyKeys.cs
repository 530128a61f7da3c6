using System.Collections.Immutable;

using Cairn.Core.Language.Model;

namespace Cairn.Core.Language.Binding;

/// <summary>The keys of <c>concurrency</c>, of a pipeline or of a step.</summary>
internal static class ConcurrencyKeys
{
    /// <summary>The mapping.</summary>
    public static ObjectKind<ConcurrencyDraft> Kind { get; } = new(
        new KeySet<ConcurrencyDraft>(
            "concurrency", "`concurrency`", "Limits on what runs at once.",
            [
                new Key<ConcurrencyDraft, int>("max_parallel", "Jobs at once: of the run, or of this step.", new IntegerKind("a number of jobs", 1, Limits.JobsMax, "4"), static (d, v, _) => d.MaxParallel = v) { Default = "of a run, the number of processors" },
                new Key<ConcurrencyDraft, ImmutableArray<LockName>>(
                    "locks", "Locks that runs on this machine share: who wants one that is taken waits.",
                    new ListKind<LockName>(new LockNameKind(), "the name of a lock or a list of names", "[deploy]"), static (d, v, _) => d.Locks = v),
            ]),
        "{ max_parallel: 4 }", static (_, _) => new ConcurrencyDraft());
}
