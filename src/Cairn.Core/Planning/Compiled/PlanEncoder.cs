using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning.Compiled;

/// <summary>Writes a plan: its pipeline, parameters, jobs and diagnostics.</summary>
internal sealed class PlanEncoder
{
    private readonly CompactWriter _writer = new();
    private readonly ModelEncoder _model;
    private readonly Dictionary<Step, int> _steps = new(ReferenceEqualityComparer.Instance);

    public PlanEncoder() => _model = new ModelEncoder(_writer);

    public byte[] Encode(Plan plan, ImmutableArray<Diagnostic> diagnostics)
    {
        WritePipeline(plan.Pipeline);
        _model.Write(plan.Parameters);
        _writer.WriteCount(plan.Jobs.Length);
        Job? before = null;
        foreach (var job in plan.Jobs)
        {
            WriteJob(job, before);
            before = job;
        }

        _writer.WriteCount(diagnostics.Length);
        foreach (var diagnostic in diagnostics)
        {
            Write(diagnostic);
        }

        return _writer.ToArray(PlanCodec.Version);
    }

    private void WritePipeline(Pipeline pipeline)
    {
        _writer.WriteOptional(pipeline.Name);
        _writer.WriteOptional(pipeline.Description);
        _model.Write(pipeline.Files);
        _writer.WriteCount(pipeline.Parameters.Length);
        foreach (var parameter in pipeline.Parameters)
        {
            _model.Write(parameter);
        }

        _model.Write(pipeline.Environment);
        _writer.Write(ModelEncoder.Optional(pipeline.MaxParallel));
        _model.Write(pipeline.Locks);
        _writer.WriteCount(pipeline.Services.Length);
        foreach (var service in pipeline.Services)
        {
            _model.Write(service);
        }

        _writer.WriteCount(pipeline.Secrets.Length);
        foreach (var secret in pipeline.Secrets)
        {
            _model.Write(secret);
        }

        _writer.WriteCount(pipeline.Toolchains.Length);
        foreach (var toolchain in pipeline.Toolchains)
        {
            _model.Write(toolchain);
        }

        _writer.WriteCount(pipeline.Steps.Length);
        foreach (var step in pipeline.Steps)
        {
            _steps.Add(step, _steps.Count);
            _model.Write(step);
        }
    }

    /// <summary>The jobs of a matrix share their needs and, without expressions, their paths; so do decoded ones.</summary>
    private void WriteJob(Job job, Job? before)
    {
        var sharesNeeds = before is not null && job.Needs == before.Needs;
        var sharesInputs = before is not null && job.Inputs == before.Inputs && job.InputSpans == before.InputSpans;
        var sharesOutputs = before is not null && job.Outputs == before.Outputs && job.OutputSpans == before.OutputSpans;
        var mask = (job.MatrixKey is null ? 0 : JobMember.MatrixKey)
            | (job.Matrix is null ? 0 : JobMember.Matrix)
            | (sharesNeeds ? JobMember.SharedNeeds : 0)
            | (sharesInputs ? JobMember.SharedInputs : job.Inputs is null ? 0 : JobMember.Inputs)
            | (sharesOutputs ? JobMember.SharedOutputs : 0)
            | (job.SkippedByPlan ? JobMember.SkippedByPlan : 0)
            | (job.ConditionHolds ? JobMember.ConditionHolds : 0)
            | (job.GeneratedDepth == 0 ? 0 : JobMember.GeneratedDepth);
        _writer.Write(mask);
        _writer.WriteText(job.Id.Value);
        _writer.WriteCount(_steps[job.Step]);
        if (job.MatrixKey is not null)
        {
            _writer.WriteText(job.MatrixKey);
        }

        if (job.Matrix is not null)
        {
            _model.Write(job.Matrix);
        }

        if (!sharesNeeds)
        {
            WriteNeeds(job.Needs);
        }

        if (!sharesInputs && job.Inputs is { } inputs)
        {
            Write(inputs, job.InputSpans);
        }

        if (!sharesOutputs)
        {
            Write(job.Outputs, job.OutputSpans);
        }

        if (job.GeneratedDepth != 0)
        {
            _writer.WriteSigned(job.GeneratedDepth);
        }
    }

    private void WriteNeeds(ImmutableArray<int> needs)
    {
        _writer.WriteCount(needs.Length);
        var last = 0;
        foreach (var need in needs)
        {
            _writer.WriteSigned(need - last);
            last = need;
        }
    }

    private void Write(PathPatterns patterns, ImmutableArray<SourceSpan> spans)
    {
        _model.Write(patterns.Texts);
        _model.Write(spans);
    }

    private void Write(Diagnostic diagnostic)
    {
        _writer.WriteText(diagnostic.Code);
        _writer.Write((uint)diagnostic.Severity);
        _writer.WriteText(diagnostic.Message);
        _writer.WriteSpan(diagnostic.Span);
        _writer.WriteOptional(diagnostic.Suggestion);
        _writer.WriteCount(diagnostic.Notes.Length);
        foreach (var note in diagnostic.Notes)
        {
            _writer.WriteText(note.Message);
            _writer.WriteSpan(note.Span);
        }
    }
}
