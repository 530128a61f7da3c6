using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Engine.Reproduce;

namespace Cairn.Cli.Terminal;

/// <summary>What <c>cairn reproduce</c> found, for people and for programs.</summary>
internal static class ReproduceText
{
    public static void Append(ByteText text, ImmutableArray<JobReproduction> results, Style style)
    {
        foreach (var result in results)
        {
            style.Write(text, InkOf(result.Verdict), WordOf(result.Verdict)).Append(" ").Append(AnsiText.Clean(result.Recorded.Job));
            style.Write(text, Ink.Dim, result.Verdict == ReproduceVerdict.Refused ? "" : $"  {Summary(result)}").Line();
            if (result.Reason is { } reason)
            {
                text.Append("  ").Append(AnsiText.Clean(reason)).Line();
            }

            AppendDifferences(text, result.Differences, style);

            foreach (var note in result.Notes)
            {
                style.Write(text, Ink.Dim, $"  note: {AnsiText.Clean(note)}").Line();
            }
        }
    }

    public static void WriteJson(Utf8JsonWriter json, ImmutableArray<JobReproduction> results)
    {
        json.WriteStartObject();
        json.WriteStartArray("jobs");
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("job", result.Recorded.Job);
            json.WriteString("run", result.Recorded.Run);
            json.WriteString("action", result.Recorded.Action);
            json.WriteString("verdict", WordOf(result.Verdict));
            if (result.Reason is { } reason)
            {
                json.WriteString("reason", reason);
            }

            json.WriteBoolean("compared_with_record", result.ComparedWithRecord);
            json.WriteNumber("executions", result.Executions);
            json.WriteNumber("files", result.Files);
            Write(json, "varied", VariationNames.Of(result.Varied));
            Write(json, "notes", result.Notes);
            WriteDifferences(json, result.Differences);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Files that differ, each with its cause and what shows it.</summary>
    public static void AppendDifferences(ByteText text, ImmutableArray<FileDifference> differences, Style style)
    {
        foreach (var difference in differences)
        {
            text.Append("  ").Append(AnsiText.Clean(difference.Path)).Append(": ");
            style.Write(text, Ink.Warning, Cause(difference)).Append(" (").Append(AnsiText.Clean(difference.What)).Append(")").Line();
            foreach (var line in difference.Detail)
            {
                text.Append("    ").Append(AnsiText.Clean(line)).Line();
            }
        }
    }

    /// <summary>The same as the member <c>differences</c>.</summary>
    public static void WriteDifferences(Utf8JsonWriter json, ImmutableArray<FileDifference> differences)
    {
        json.WriteStartArray("differences");
        foreach (var difference in differences)
        {
            json.WriteStartObject();
            json.WriteString("path", difference.Path);
            json.WriteString("cause", difference.Cause switch
            {
                DifferenceCause.Itself => "itself",
                DifferenceCause.Varied => "varied",
                DifferenceCause.Recorded => "recorded",
                _ => "unknown",
            });
            Write(json, "variations", VariationNames.Of(difference.Variations));
            json.WriteBoolean("together", difference.Together);
            json.WriteString("what", difference.What);
            Write(json, "detail", difference.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, ImmutableArray<string> words)
    {
        json.WriteStartArray(name);
        foreach (var word in words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
    }

    private static string Summary(JobReproduction result)
    {
        var executions = result.Executions == 1 ? "1 execution" : $"{result.Executions} executions";
        var files = result.Files switch { 0 => "no outputs", 1 => "1 output", var count => $"{count} outputs" };
        var varied = VariationNames.Of(result.Varied);
        return $"{files}, {executions}{(varied.IsEmpty ? "" : $", varied: {string.Join(", ", varied)}")}{(result.ComparedWithRecord ? "" : "; the recorded result is not in the store")}";
    }

    private static string Cause(FileDifference difference) => difference.Cause switch
    {
        DifferenceCause.Itself => "differs from itself, with nothing varied",
        DifferenceCause.Varied => $"changes with {string.Join(difference.Together ? " and " : ", ", VariationNames.Of(difference.Variations))}{(difference.Together ? " together" : "")}",
        DifferenceCause.Recorded => "differs from the recorded result, and nothing that was varied explains it",
        _ => "differed once, and not again when the cause was looked for",
    };

    private static string WordOf(ReproduceVerdict verdict) => verdict switch
    {
        ReproduceVerdict.Identical => "identical",
        ReproduceVerdict.Differs => "differs",
        _ => "refused",
    };

    private static Ink InkOf(ReproduceVerdict verdict) => verdict switch
    {
        ReproduceVerdict.Identical => Ink.Good,
        ReproduceVerdict.Differs => Ink.Bad,
        _ => Ink.Warning,
    };
}
