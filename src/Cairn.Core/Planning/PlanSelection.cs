using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Planning;

/// <summary>Chooses a part of a plan to run.</summary>
public static class PlanSelection
{
    /// <summary>For each job whether one of the names means it: that of its step, or its own id. Unknown names are mistakes.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="chosen">The names.</param>
    /// <param name="option">The option they were given with, for messages.</param>
    public static (ImmutableArray<bool> Chosen, ImmutableArray<Diagnostic> Diagnostics) Resolve(Plan plan, ImmutableArray<string> chosen, string option)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var diagnostics = new DiagnosticBag();
        var marks = chosen.IsEmpty ? new bool[plan.Jobs.Length] : Choose(plan, NamesOf(plan), chosen, option, diagnostics);
        return (ImmutableCollectionsMarshal.AsImmutableArray(marks), diagnostics.ToSorted());
    }

    /// <summary>
    /// For each job null where it is to run, else why not. Names are those of steps (all jobs of a matrix) or ids of jobs. Each list that is not empty narrows the choice:
    /// <paramref name="only"/> to what it names, <paramref name="from"/> to that and all that follows from it, <paramref name="until"/> to that and all it needs.
    /// </summary>
    public static (ImmutableArray<string?> LeftOut, ImmutableArray<Diagnostic> Diagnostics) Apply(
        Plan plan, ImmutableArray<string> only, ImmutableArray<string> from, ImmutableArray<string> until)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var leftOut = new string?[plan.Jobs.Length];
        if (only.IsEmpty && from.IsEmpty && until.IsEmpty)
        {
            return ([.. leftOut], []);
        }

        var diagnostics = new DiagnosticBag();
        var names = NamesOf(plan);
        LeaveOut(leftOut, ChooseAny(only, "--only"), "not in --only");
        var follows = ChooseAny(from, "--from");
        Spread(plan, follows, forward: true);
        LeaveOut(leftOut, follows, "does not follow from --from");
        var needed = ChooseAny(until, "--until");
        Spread(plan, needed, forward: false);
        LeaveOut(leftOut, needed, "not needed by what was asked for");
        return ([.. leftOut], diagnostics.ToSorted());

        bool[]? ChooseAny(ImmutableArray<string> chosen, string option) => chosen.IsEmpty ? null : Choose(plan, names, chosen, option, diagnostics);
    }

    private static bool[] Choose(Plan plan, Dictionary<string, List<int>> names, ImmutableArray<string> chosen, string option, DiagnosticBag diagnostics)
    {
        var marks = new bool[plan.Jobs.Length];
        foreach (var name in chosen)
        {
            if (!names.TryGetValue(name, out var jobs))
            {
                diagnostics.Error(DiagnosticCodes.PlanUnknownSelection, $"`{option} {name}` names no step and no job", SourceSpan.None,
                    Suggestions.Nearest(name, names.Keys) is { } nearest ? $"did you mean `{nearest}`?" : "`cairn graph` shows them all");
                continue;
            }

            foreach (var job in jobs)
            {
                marks[job] = true;
            }
        }

        return marks;
    }

    private static Dictionary<string, List<int>> NamesOf(Plan plan)
    {
        var names = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        foreach (var job in plan.Jobs)
        {
            Note(names, job.Step.Name.Value, job.Index);
            if (job.MatrixKey is not null)
            {
                Note(names, job.Id.Value, job.Index);
            }
        }

        return names;
    }

    private static void Note(Dictionary<string, List<int>> names, string name, int job)
    {
        if (!names.TryGetValue(name, out var jobs))
        {
            names.Add(name, jobs = []);
        }

        jobs.Add(job);
    }

    private static void LeaveOut(string?[] leftOut, bool[]? chosen, string reason)
    {
        for (var i = 0; chosen is not null && i < leftOut.Length; i++)
        {
            leftOut[i] ??= chosen[i] ? null : reason;
        }
    }

    /// <summary>Marks everything that can be reached from what is marked, along the needs or against them.</summary>
    private static void Spread(Plan plan, bool[]? marks, bool forward)
    {
        if (marks is null)
        {
            return;
        }

        var dependents = new List<int>?[forward ? plan.Jobs.Length : 0];
        for (var i = 0; i < dependents.Length; i++)
        {
            foreach (var need in plan.Jobs[i].Needs)
            {
                (dependents[need] ??= []).Add(i);
            }
        }

        var open = new Stack<int>();
        for (var i = 0; i < marks.Length; i++)
        {
            if (marks[i])
            {
                open.Push(i);
            }
        }

        while (open.TryPop(out var job))
        {
            if (forward)
            {
                foreach (var next in dependents[job] ?? [])
                {
                    Reach(next);
                }
            }
            else
            {
                foreach (var next in plan.Jobs[job].Needs)
                {
                    Reach(next);
                }
            }
        }

        void Reach(int job)
        {
            if (!marks[job])
            {
                marks[job] = true;
                open.Push(job);
            }
        }
    }
}
