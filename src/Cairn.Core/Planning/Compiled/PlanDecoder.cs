using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Planning.Compiled;

/// <summary>Reads what <see cref="PlanEncoder"/> writes.</summary>
internal sealed class PlanDecoder(CompactReader reader)
{
    private readonly ModelDecoder _model = new(reader);

    public Plan Decode(out ImmutableArray<Diagnostic> diagnostics)
    {
        var pipeline = ReadPipeline();
        var parameters = _model.ReadMap();
        var jobs = new Job[reader.ReadCount()];
        for (var i = 0; i < jobs.Length; i++)
        {
            jobs[i] = ReadJob(pipeline.Steps, i, jobs);
        }

        diagnostics = ReadDiagnostics();
        return reader.IsAtEnd
            ? new Plan(pipeline, ImmutableCollectionsMarshal.AsImmutableArray(jobs)) { Parameters = parameters }
            : throw CompactReader.Damaged();
    }

    private Pipeline ReadPipeline() => new()
    {
        // In the order in which they were written.
        Name = reader.ReadOptional(),
        Description = reader.ReadOptional(),
        Files = _model.ReadTexts(),
        Parameters = ReadParameters(),
        Environment = _model.ReadEnvironment(),
        MaxParallel = _model.ReadOptionalNumber(),
        Locks = _model.ReadLocks(),
        Services = ReadServices(),
        Secrets = ReadSecrets(),
        Toolchains = ReadToolchains(),
        Steps = ReadSteps(),
    };

    private ImmutableArray<Parameter> ReadParameters()
    {
        var parameters = new Parameter[reader.ReadCount()];
        for (var i = 0; i < parameters.Length; i++)
        {
            parameters[i] = _model.ReadParameter();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(parameters);
    }

    private ImmutableArray<Service> ReadServices()
    {
        var services = new Service[reader.ReadCount()];
        for (var i = 0; i < services.Length; i++)
        {
            services[i] = _model.ReadService();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(services);
    }

    private ImmutableArray<Secret> ReadSecrets()
    {
        var secrets = new Secret[reader.ReadCount()];
        for (var i = 0; i < secrets.Length; i++)
        {
            secrets[i] = _model.ReadSecret();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(secrets);
    }

    private ImmutableArray<Toolchain> ReadToolchains()
    {
        var toolchains = new Toolchain[reader.ReadCount()];
        for (var i = 0; i < toolchains.Length; i++)
        {
            toolchains[i] = _model.ReadToolchain();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(toolchains);
    }

    private ImmutableArray<Step> ReadSteps()
    {
        var steps = new Step[reader.ReadCount()];
        for (var i = 0; i < steps.Length; i++)
        {
            steps[i] = _model.ReadStep();
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(steps);
    }

    private Job ReadJob(ImmutableArray<Step> steps, int index, Job[] jobs)
    {
        var before = index == 0 ? null : jobs[index - 1];
        var mask = reader.Read();
        if ((mask & ~JobMember.All) != 0 || (before is null && (mask & (JobMember.SharedNeeds | JobMember.SharedInputs | JobMember.SharedOutputs)) != 0))
        {
            throw CompactReader.Damaged();
        }

        var id = new JobId(reader.ReadText());
        var step = reader.Read();
        if (step >= (uint)steps.Length)
        {
            throw CompactReader.Damaged();
        }

        var key = (mask & JobMember.MatrixKey) != 0 ? reader.ReadText() : null;
        var matrix = (mask & JobMember.Matrix) != 0 ? _model.ReadMap() : null;
        var needs = (mask & JobMember.SharedNeeds) != 0 ? before!.Needs : ReadNeeds(jobs.Length);
        var (inputs, inputSpans) = (mask & JobMember.SharedInputs) != 0 ? (before!.Inputs, before.InputSpans)
            : (mask & JobMember.Inputs) != 0 ? (PathPatterns.Deferred(_model.ReadTexts()), _model.ReadSpans())
            : ((PathPatterns?)null, ImmutableArray<SourceSpan>.Empty);
        var (outputs, outputSpans) = (mask & JobMember.SharedOutputs) != 0 ? (before!.Outputs, before.OutputSpans)
            : (PathPatterns.Deferred(_model.ReadTexts()), _model.ReadSpans());
        return new Job
        {
            Index = index,
            Id = id,
            Step = steps[(int)step],
            MatrixKey = key,
            Matrix = matrix,
            Needs = needs,
            Inputs = inputs,
            InputSpans = inputSpans,
            Outputs = outputs,
            OutputSpans = outputSpans,
            SkippedByPlan = (mask & JobMember.SkippedByPlan) != 0,
            ConditionHolds = (mask & JobMember.ConditionHolds) != 0,
            GeneratedDepth = (mask & JobMember.GeneratedDepth) != 0 ? reader.ReadSigned() : 0,
        };
    }

    private ImmutableArray<int> ReadNeeds(int jobs)
    {
        var needs = new int[reader.ReadCount()];
        var last = -1L;
        for (var i = 0; i < needs.Length; i++)
        {
            var need = Math.Max(last, 0) + reader.ReadSigned();
            if (need <= last || need >= jobs)
            {
                throw CompactReader.Damaged();
            }

            last = need;
            needs[i] = (int)need;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(needs);
    }

    private ImmutableArray<Diagnostic> ReadDiagnostics()
    {
        var diagnostics = new Diagnostic[reader.ReadCount()];
        for (var i = 0; i < diagnostics.Length; i++)
        {
            var code = reader.ReadText();
            var severity = reader.Read();
            if (severity > (uint)DiagnosticSeverity.Warning)
            {
                throw CompactReader.Damaged();
            }

            diagnostics[i] = new Diagnostic(code, (DiagnosticSeverity)severity, reader.ReadText(), reader.ReadSpan(), reader.ReadOptional()) { Notes = ReadNotes() };
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(diagnostics);
    }

    private ImmutableArray<DiagnosticNote> ReadNotes()
    {
        var notes = new DiagnosticNote[reader.ReadCount()];
        for (var i = 0; i < notes.Length; i++)
        {
            notes[i] = new DiagnosticNote(reader.ReadText(), reader.ReadSpan());
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(notes);
    }
}
