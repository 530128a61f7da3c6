using System.Text.Json;

using Cairn.Cli.Commands;
using Cairn.Engine.Projects.Templates;

namespace Cairn.Cli.Terminal;

/// <summary>Projects and templates as JSON; <c>docs/reference/json.md</c> documents it.</summary>
internal static class ProjectsJson
{
    public static void Write(Utf8JsonWriter json, IEnumerable<ProjectView> projects)
    {
        json.WriteStartArray();
        foreach (var project in projects)
        {
            Write(json, project);
        }

        json.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter json, ProjectView project)
    {
        json.WriteStartObject();
        json.WriteString("name", project.Known.Name);
        json.WriteString("pipeline", project.Known.Pipeline);
        json.WriteString("directory", project.Known.Path);
        json.WriteBoolean("missing", project.IsMissing);
        json.WriteString("last_run", project.Run.Value);
        json.WriteString("last_state", project.Result);
        json.WriteString("last_time", project.Time);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, IEnumerable<ProjectTemplate> templates)
    {
        json.WriteStartArray();
        foreach (var template in templates)
        {
            json.WriteStartObject();
            json.WriteString("name", template.Name);
            json.WriteString("place", template.Place);
            json.WriteString("description", template.Manifest.Description);
            WriteList(json, "kinds", template.Manifest.Kinds);
            WriteList(json, "programs", template.Manifest.Programs);
            json.WriteStartArray("parameters");
            foreach (var parameter in template.Manifest.Parameters)
            {
                json.WriteStartObject();
                json.WriteString("name", parameter.Name);
                json.WriteString("description", parameter.Description);
                if (parameter.Default is { } standard)
                {
                    json.WriteString("default", standard);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStringValue(item);
        }

        json.WriteEndArray();
    }
}
