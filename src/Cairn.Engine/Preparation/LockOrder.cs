using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;

namespace Cairn.Engine.Preparation;

/// <summary>A run takes its own locks first and each job's after, so that this order and the order of names must agree.</summary>
internal static class LockOrder
{
    /// <summary>Finds steps whose lock sorts before one that the whole run holds.</summary>
    public static void Check(ImmutableArray<LockName> runLocks, ImmutableArray<Step> steps, DiagnosticBag diagnostics)
    {
        if (runLocks.IsEmpty)
        {
            return;
        }

        var last = runLocks.MaxBy(l => l.Value, StringComparer.Ordinal);
        foreach (var step in steps)
        {
            foreach (var name in step.Locks)
            {
                if (!runLocks.Contains(name) && string.CompareOrdinal(name.Value, last.Value) < 0)
                {
                    diagnostics.Error(
                        DiagnosticCodes.LockOrder,
                        $"Step `{step.Name}` would take the lock `{name}` after the run's lock `{last}`, so two runs could wait for each other forever",
                        step.Span,
                        $"take both for the whole run, or give the step's lock a name that sorts after `{last}`");
                }
            }
        }
    }
}
