using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Planning.Compiled;

namespace Cairn.Fuzz.Targets;

/// <summary>A compiled graph: it is refused by the one documented exception, or it is a plan that can be used and encoded again.</summary>
internal sealed class CompiledTarget : IFuzzTarget
{
    private static readonly EvaluationContext Context = new() { Roots = ImmutableDictionary<string, Value>.Empty };

    public string Name => "compiled";

    public IReadOnlyList<string> Words { get; } = ["\0", "\u0001", "\u0002", "\u0003", "\u0004", "\u007F", "\u0080", "${{", "}}", "**", "[", "{", "a", "1"];

    public void Run(byte[] input)
    {
        Plan plan;
        ImmutableArray<Diagnostic> diagnostics;
        try
        {
            plan = PlanCodec.Decode(input, out diagnostics);
        }
        catch (FormatException)
        {
            return;
        }

        var bytes = PlanCodec.Encode(plan, diagnostics);
        var again = PlanCodec.Encode(PlanCodec.Decode(bytes, out var said), said);
        InvariantException.Require(bytes.AsSpan().SequenceEqual(again), $"A decoded plan does not survive another round");
        foreach (var job in plan.Jobs)
        {
            InvariantException.Require(job.Needs.IsEmpty || (job.Needs[0] >= 0 && job.Needs[^1] < plan.Jobs.Length), $"Job {job.Index} needs a job that is not there");
            Use(job);
        }
    }

    private static void Use(Job job)
    {
        try
        {
            _ = job.Outputs.LiteralPaths;
            _ = job.Inputs?.IsMatch("a/b");
            if (job.Step.Action is StepAction.Script script)
            {
                script.Text.EvaluateText(Context, new DiagnosticBag());
            }

            job.Step.Condition?.EvaluateCondition(Context, new DiagnosticBag());
        }
        catch (FormatException)
        {
            // What is parsed only now may be damaged too.
        }
    }
}
