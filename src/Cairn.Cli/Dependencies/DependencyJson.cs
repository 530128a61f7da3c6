using System.Collections.Immutable;
using System.Text.Json;

using Cairn.Core.Dependencies;

namespace Cairn.Cli.Dependencies;

/// <summary>Dependencies for programs; <c>docs/reference/json.md</c> documents it.</summary>
internal static class DependencyJson
{
    public static void Write(Utf8JsonWriter json, ImmutableArray<DependencyGraph> graphs, DependencySummary summary)
    {
        json.WriteStartObject();
        json.WriteNumber("packages", summary.Packages);
        json.WriteStartArray("projects");
        foreach (var graph in graphs)
        {
            WriteGraph(json, graph);
        }

        json.WriteEndArray();
        json.WriteStartArray("duplicates");
        foreach (var duplicate in summary.Duplicates)
        {
            json.WriteStartObject();
            json.WriteString("ecosystem", PackageUrl.TypeOf(duplicate.Ecosystem));
            json.WriteString("name", duplicate.Name);
            json.WriteStartArray("versions");
            foreach (var version in duplicate.Versions)
            {
                json.WriteStartObject();
                WriteText(json, "version", version.Version);
                WriteTexts(json, "files", version.Files);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("licenses");
        foreach (var count in summary.Licenses)
        {
            json.WriteStartObject();
            WriteText(json, "license", count.License);
            json.WriteNumber("packages", count.Packages);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteReasons(Utf8JsonWriter json, ImmutableArray<(DependencyGraph Graph, ImmutableArray<DependencyReasons> Reasons)> found)
    {
        json.WriteStartArray();
        foreach (var (graph, all) in found)
        {
            foreach (var reasons in all)
            {
                json.WriteStartObject();
                json.WriteString("file", graph.File);
                WriteIdentity(json, graph.Packages[reasons.Package]);
                json.WriteNumber("total", reasons.Total);
                json.WriteStartArray("chains");
                foreach (var chain in reasons.Chains)
                {
                    json.WriteStartObject();
                    json.WriteString("root", graph.Packages[chain.Root].Name);
                    json.WriteStartArray("steps");
                    foreach (var step in chain.Steps)
                    {
                        json.WriteStartObject();
                        WriteIdentity(json, graph.Packages[step.To]);
                        json.WriteString("scope", ScopeName(step.Scope));
                        WriteText(json, "requirement", step.Requirement);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    private static void WriteGraph(Utf8JsonWriter json, DependencyGraph graph)
    {
        json.WriteStartObject();
        json.WriteString("file", graph.File);
        json.WriteString("folder", graph.Folder.Length == 0 ? "." : graph.Folder);
        json.WriteString("format", graph.Format);
        json.WriteString("ecosystem", PackageUrl.TypeOf(graph.Ecosystem));
        json.WriteStartArray("roots");
        foreach (var root in graph.Roots)
        {
            json.WriteNumberValue(root);
        }

        json.WriteEndArray();
        json.WriteStartArray("packages");
        foreach (var package in graph.Packages)
        {
            WritePackage(json, package);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePackage(Utf8JsonWriter json, Package package)
    {
        json.WriteStartObject();
        json.WriteNumber("id", package.Index);
        json.WriteString("kind", package.IsProject ? "project" : "package");
        WriteIdentity(json, package);
        WriteText(json, "source", package.Source);
        WriteText(json, "license", package.License);
        json.WriteBoolean("direct", package.IsDirect);
        json.WriteString("scope", ScopeName(package.Scope));
        if (!package.IsReached)
        {
            json.WriteBoolean("unexplained", value: true);
        }

        json.WriteStartArray("hashes");
        foreach (var hash in package.Hashes)
        {
            json.WriteStartObject();
            json.WriteString("algorithm", hash.Algorithm);
            json.WriteString("value", hash.Value);
            WriteText(json, "file", hash.File);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("needs");
        foreach (var need in package.Needs)
        {
            json.WriteStartObject();
            json.WriteNumber("id", need.To);
            json.WriteString("scope", ScopeName(need.Scope));
            WriteText(json, "requirement", need.Requirement);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteIdentity(Utf8JsonWriter json, Package package)
    {
        json.WriteString("name", package.Name);
        WriteText(json, "version", package.Version);
        WriteText(json, "purl", package.Purl);
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, ImmutableArray<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static string ScopeName(DependencyScope scope) => scope switch
    {
        DependencyScope.Runtime => "runtime",
        DependencyScope.Optional => "optional",
        _ => "development",
    };
}
