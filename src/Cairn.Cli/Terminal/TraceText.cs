using System.Globalization;
using System.Text.Json;

using Cairn.Core.Language.Editing;
using Cairn.Core.Tracing;
using Cairn.Engine.Tracing;

namespace Cairn.Cli.Terminal;

/// <summary>What <c>cairn trace</c> found, for people and for programs.</summary>
internal static class TraceText
{
    private const int FilesMax = 10;

    /// <summary>For people.</summary>
    /// <param name="text">Takes it.</param>
    /// <param name="result">What was found.</param>
    /// <param name="written">The file into which the proposal was written; null where it was not.</param>
    /// <param name="command">The command that writes it; null where it was given already.</param>
    /// <param name="style">Colours and signs.</param>
    public static void Append(ByteText text, TraceResult result, string? written, string? command, Style style)
    {
        var proposal = result.Proposal;
        if (result.Failure is null)
        {
            style.Write(text, Ink.Good, style.Good);
        }
        else
        {
            style.Write(text, Ink.Bad, style.Bad);
        }

        text.Append(" ").Append(AnsiText.Clean(result.Job.Id.Value)).Append(result.Failure is null ? "" : $" failed: {AnsiText.Clean(result.Failure)},").Append(" reads ").Append(Files(proposal.Inputs.Files.Count)).Append(", leaves ").Append(Files(proposal.Outputs.Files.Count));
        style.Write(text, Ink.Dim, string.Create(CultureInfo.InvariantCulture, $"  {result.Uses.Processes:N0} {(result.Uses.Processes == 1 ? "process" : "processes and threads")}, {result.Uses.Calls:N0} system calls")).Line();
        if (result.Strays > 0)
        {
            style.Write(text, Ink.Warning, $"  it left {result.Strays.ToString(CultureInfo.InvariantCulture)} {(result.Strays == 1 ? "process" : "processes")} behind, which ended with it").Line();
        }

        Append(text, "inputs", proposal.Inputs, "read", "read", style);
        Append(text, "outputs", proposal.Outputs, "written", "written", style);
        if (proposal.Needs.Count > 0)
        {
            Line(text, "needs", $"reads what these make, and does not need them: {string.Join(", ", proposal.Needs)}", Ink.Warning, style);
        }

        foreach (var hint in proposal.Hints)
        {
            Line(text, "note", hint, Ink.Plain, style);
        }

        text.Line();
        if (!proposal.IsChanged)
        {
            text.Append("What it declares is what it does.").Line();
            return;
        }

        var lists = StepEditor.Show(PipelineEditor.Lists(result.Job.Step, proposal));
        style.Write(text, Ink.Bold, $"{result.Job.Step.Name}:").Line();
        foreach (var line in lists.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            text.Append("  ").Append(AnsiText.Clean(line)).Line();
        }

        if (written is not null)
        {
            text.Line();
            style.Write(text, Ink.Good, style.Good).Append(" written to ").Append(AnsiText.Clean(written)).Line();
        }
        else if (command is not null && result.Failure is null)
        {
            text.Line();
            style.Write(text, Ink.Dim, $"{command} writes this into the pipeline").Line();
        }
    }

    /// <summary>For programs.</summary>
    public static void WriteJson(Utf8JsonWriter json, TraceResult result, string? written)
    {
        json.WriteStartObject();
        json.WriteString("job", result.Job.Id.Value);
        json.WriteString("step", result.Job.Step.Name.Value);
        json.WriteBoolean("succeeded", result.Failure is null);
        if (result.Failure is { } failure)
        {
            json.WriteString("failure", failure);
        }

        json.WriteNumber("processes", result.Uses.Processes);
        json.WriteNumber("system_calls", result.Uses.Calls);
        json.WriteNumber("processes_left", result.Strays);
        Write(json, "inputs", result.Proposal.Inputs);
        Write(json, "outputs", result.Proposal.Outputs);
        Write(json, "needs", result.Proposal.Needs);
        Write(json, "hints", result.Proposal.Hints);
        json.WriteBoolean("changed", result.Proposal.IsChanged);
        if (written is not null)
        {
            json.WriteString("written", written);
        }

        json.WriteEndObject();
    }

    private static void Append(ByteText text, string name, TracedPaths paths, string seen, string unseen, Style style)
    {
        if (paths.Undeclared.Count > 0)
        {
            Line(text, name, $"{seen} but not declared: {Names(paths.Undeclared)}", Ink.Warning, style);
        }

        if (paths.Unused.Count > 0)
        {
            Line(text, name, $"declared but never {unseen}: {Names(paths.Unused)}", Ink.Warning, style);
        }

        if (paths.Declared is null && paths.Files.Count > 0)
        {
            Line(text, name, name == "inputs" ? $"not declared, so that any file is one; {seen}: {Names(paths.Files)}" : $"not declared; {seen}: {Names(paths.Files)}", Ink.Plain, style);
        }
    }

    private static void Line(ByteText text, string name, string content, Ink ink, Style style)
    {
        style.Write(text, Ink.Dim, $"  {name,-9}");
        style.Write(text, ink, content).Line();
    }

    private static string Names(IReadOnlyList<string> paths)
    {
        var names = string.Join(", ", paths.Take(FilesMax));
        return paths.Count > FilesMax ? string.Create(CultureInfo.InvariantCulture, $"{names} and {paths.Count - FilesMax:N0} more") : names;
    }

    private static string Files(int count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? "file" : "files")}");

    private static void Write(Utf8JsonWriter json, string name, TracedPaths paths)
    {
        json.WriteStartObject(name);
        if (paths.Declared is null)
        {
            json.WriteNull("declared");
        }
        else
        {
            Write(json, "declared", paths.Declared);
        }

        Write(json, "proposed", paths.Proposed);
        Write(json, "files", paths.Files);
        Write(json, "undeclared", paths.Undeclared);
        Write(json, "unused", paths.Unused);
        json.WriteBoolean("changed", paths.IsChanged);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
