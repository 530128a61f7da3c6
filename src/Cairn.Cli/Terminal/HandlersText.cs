using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

using Cairn.Core.Events;
using Cairn.Engine.Handlers;

namespace Cairn.Cli.Terminal;

/// <summary>The handlers of a user and how they have fared, for people and for programs.</summary>
internal static class HandlersText
{
    public static void Append(ByteText text, ImmutableArray<HandlerSettings> handlers, HandlerControl control, DateTimeOffset now, Style style)
    {
        var table = new Table("HANDLER", "KIND", "STATUS", "DELIVERED", "REFUSED", "LOST", "WAITING", "LAST");
        foreach (var handler in handlers)
        {
            var status = control.StatusOf(handler.Name);
            var (word, ink) = Word(status);
            table.Add(
                (handler.Name, Ink.Bold), (handler.Kind, Ink.Plain), (word, ink), (Number(status.Delivered), Ink.Plain), (Number(status.Refused), status.Refused > 0 ? Ink.Warning : Ink.Dim),
                (Number(status.Lost), status.Lost > 0 ? Ink.Bad : Ink.Dim), (Number(status.Waiting), status.Waiting > 0 ? Ink.Warning : Ink.Dim),
                (status.LastDelivered is { } last ? Words.Ago(last, now) : "", Ink.Dim));
        }

        table.AppendTo(text, style, indent: 0);
        foreach (var handler in handlers)
        {
            text.Line();
            style.Write(text, Ink.Bold, handler.Name).Append("  ").Append(AnsiText.Clean(handler.Target)).Line();
            Row(text, style, "events", handler.Events);
            Row(text, style, "pipelines", handler.Pipelines);
            Row(text, style, "branches", handler.Branches);
            if (control.StatusOf(handler.Name) is { Problem: { } problem } status)
            {
                style.Write(text, Ink.Dim, "  problem    ");
                style.Write(text, Ink.Warning, $"{problem}{(status.ProblemTime is { } time ? $", {Words.Ago(time, now)}" : "")}").Line();
            }
        }
    }

    public static void WriteJson(Utf8JsonWriter json, ImmutableArray<HandlerSettings> handlers, HandlerControl control)
    {
        json.WriteStartArray();
        foreach (var handler in handlers)
        {
            var status = control.StatusOf(handler.Name);
            json.WriteStartObject();
            json.WriteString("name", handler.Name);
            json.WriteString("kind", handler.Kind);
            json.WriteString("target", handler.Target);
            WritePatterns(json, "events", handler.Events);
            WritePatterns(json, "pipelines", handler.Pipelines);
            WritePatterns(json, "branches", handler.Branches);
            json.WriteString("status", Word(status).Text);
            json.WriteNumber("delivered", status.Delivered);
            json.WriteNumber("refused", status.Refused);
            json.WriteNumber("failures", status.Failures);
            json.WriteNumber("lost", status.Lost);
            json.WriteNumber("waiting", status.Waiting);
            if (status.LastDelivered is { } last)
            {
                json.WriteString("last_delivered_at", last);
            }

            if (status.Problem is { } problem)
            {
                json.WriteString("problem", problem);
                json.WriteString("problem_at", status.ProblemTime ?? default);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static (string Text, Ink Ink) Word(HandlerStatus status) =>
        status.Problem is not null ? ("failing", Ink.Bad)
        : status.Waiting > 0 ? ("behind", Ink.Warning)
        : status.LastDelivered is null ? ("unused", Ink.Dim)
        : ("ok", Ink.Good);

    private static void Row(ByteText text, Style style, string label, ImmutableArray<NamePattern> patterns)
    {
        if (!patterns.IsEmpty)
        {
            style.Write(text, Ink.Dim, $"  {label,-11}");
            text.Append(AnsiText.Clean(string.Join(", ", patterns))).Line();
        }
    }

    private static void WritePatterns(Utf8JsonWriter json, string name, ImmutableArray<NamePattern> patterns)
    {
        json.WriteStartArray(name);
        foreach (var pattern in patterns)
        {
            json.WriteStringValue(pattern.Text);
        }

        json.WriteEndArray();
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
