using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Expressions;
using Cairn.Core.Language;
using Cairn.Core.Language.Editing;
using Cairn.Core.Language.Model;
using Cairn.Core.Planning;
using Cairn.Core.Tracing;
using Cairn.Engine.Preparation;
using Cairn.Store.Files;

namespace Cairn.Engine.Tracing;

/// <summary>Writes a proposal into the file of the pipeline in which the step stands.</summary>
public static class PipelineEditor
{
    /// <summary>The lists of a step that a proposal sets, as templates.</summary>
    public static EditedLists Lists(Step step, TraceProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(proposal);
        return new EditedLists
        {
            Needs = proposal.Needs.Count > 0 ? [.. step.Needs.Select(static n => n.Name.Value), .. proposal.Needs] : null,
            Inputs = proposal.Inputs.IsChanged ? [.. proposal.Inputs.Proposed.Select(StepEditor.AsTemplate)] : null,
            Outputs = proposal.Outputs.IsChanged ? [.. proposal.Outputs.Proposed.Select(StepEditor.AsTemplate)] : null,
        };
    }

    /// <summary>Writes; the file that was written, or the mistake for which it was not. Throws <see cref="IOException"/>.</summary>
    public static (string? File, Diagnostic? Problem) Write(PreparedRun prepared, Job job, TraceProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(proposal);
        var request = prepared.Request;
        var lists = Lists(job.Step, proposal);
        if (Shared(job) is { } shared)
        {
            return (null, Refused(job, shared, job.Step.Span));
        }

        var loader = new FileSourceLoader(request.ProjectDirectory);
        var read = PipelineReader.Read(request.PipelineFile, loader);
        var step = read.Pipeline?.Steps.FirstOrDefault(s => s.Name == job.Step.Name);
        if (step is null || !read.Sources.TryGetValue(step.Span.File, out var source) || loader.Load(step.Span.File) is not { } bytes)
        {
            return (null, Refused(job, "the pipeline has changed meanwhile", SourceSpan.None));
        }

        if (Computed(step, lists) is { } computed)
        {
            return (null, Refused(job, computed, step.Span));
        }

        var edit = StepEditor.Edit(source, step.Span, lists);
        if (edit.Text is not { } text)
        {
            return (null, Refused(job, edit.Problem!, step.Span));
        }

        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        var marked = bytes.AsSpan().StartsWith(mark);
        if (Encoding.UTF8.GetString(bytes.AsSpan(marked ? mark.Length : 0)) != source.Text)
        {
            return (null, Refused(job, $"`{source.Name}` has changed meanwhile", SourceSpan.None));
        }

        byte[] content = [.. marked ? mark : [], .. Encoding.UTF8.GetBytes(text)];
        if (MistakeOf(prepared, source.Name, content, loader) is { } mistake)
        {
            return (null, Refused(job, $"the pipeline would be wrong: {mistake.Message}", step.Span));
        }

        Replace(request, source.Name, content);
        return (source.Name, null);
    }

    /// <summary>Adds a toolchain to the file of the pipeline; the bytes that stood there before, or the mistake for which nothing was written. Throws <see cref="IOException"/>.</summary>
    public static (byte[]? Before, Diagnostic? Problem) AddToolchain(RunRequest request, string name, IReadOnlyList<KeyValuePair<string, object>> fields)
    {
        ArgumentNullException.ThrowIfNull(request);
        var loader = new FileSourceLoader(request.ProjectDirectory);
        var read = PipelineReader.Read(request.PipelineFile, loader);
        if (loader.Load(request.PipelineFile) is not { } bytes || !read.Sources.TryGetValue(request.PipelineFile, out var source))
        {
            return (null, NotAdded(name, "the pipeline cannot be read", fields));
        }

        var edit = ToolchainEditor.Add(source, name, fields);
        if (edit.Text is not { } text)
        {
            return (null, NotAdded(name, edit.Problem!, fields));
        }

        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        byte[] content = [.. bytes.AsSpan().StartsWith(mark) ? mark : [], .. Encoding.UTF8.GetBytes(text)];
        var after = PipelineReader.Read(request.PipelineFile, new EditedLoader(loader, request.PipelineFile, content));
        if (after.Diagnostics.FirstOrDefault(static d => d.Severity == DiagnosticSeverity.Error) is { } mistake)
        {
            return (null, NotAdded(name, $"{mistake.Message}{(mistake.Suggestion is { } help ? $" ({help})" : "")}", fields));
        }

        Replace(request, request.PipelineFile, content);
        return (bytes, null);
    }

    /// <summary>Writes a file of the pipeline, over links. Throws <see cref="IOException"/>.</summary>
    public static void Replace(RunRequest request, string file, byte[] content)
    {
        ArgumentNullException.ThrowIfNull(request);
        var path = Path.Combine(request.ProjectDirectory, file);
        path = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        DurableFile.Replace(path, content, mode: File.GetUnixFileMode(path));
    }

    private static Diagnostic NotAdded(string name, string why, IReadOnlyList<KeyValuePair<string, object>> fields) => new(
        DiagnosticCodes.ToolchainNotAdded, DiagnosticSeverity.Error, $"The toolchain `{name}` was not added: {why}", SourceSpan.None, $"write it by hand, below `toolchains:`: `{ToolchainEditor.Show(name, fields)}`");

    private static Diagnostic Refused(Job job, string why, SourceSpan place) => new(
        DiagnosticCodes.TraceNotWritten, DiagnosticSeverity.Error, $"The proposal for `{job.Id}` was not written: {why}", place, "write what is proposed by hand");

    /// <summary>Why what one job did says too little about its step, or null.</summary>
    private static string? Shared(Job job) =>
        job.MatrixKey is not null ? "its step has a matrix, whose other jobs may read and write other files"
        : job.Step.Templates is [var template, ..] ? $"it is made from the template `{template.Template}`, which other steps may use"
        : null;

    private static string? Computed(Step step, EditedLists lists)
    {
        foreach (var (key, templates) in (ReadOnlySpan<(string, ImmutableArray<Template>)>)[("inputs", lists.Inputs is null ? [] : step.Inputs ?? []), ("outputs", lists.Outputs is null ? [] : step.Outputs)])
        {
            foreach (var template in templates)
            {
                if (!template.IsLiteral)
                {
                    return $"its `{key}` hold expressions, which may mean other files in another run";
                }
            }
        }

        return null;
    }

    private static Diagnostic? MistakeOf(PreparedRun prepared, string file, byte[] content, ISourceLoader loader)
    {
        var read = PipelineReader.Read(prepared.Request.PipelineFile, new EditedLoader(loader, file, content));
        var mistakes = read.Pipeline is null ? read.Diagnostics : Planner.Plan(read.Pipeline, prepared.PlanInput).Diagnostics;
        return mistakes.FirstOrDefault(static d => d.Severity == DiagnosticSeverity.Error);
    }

    private sealed class EditedLoader(ISourceLoader loader, string file, byte[] content) : ISourceLoader
    {
        public byte[]? Load(string path) => path == file ? content : loader.Load(path);
    }
}
