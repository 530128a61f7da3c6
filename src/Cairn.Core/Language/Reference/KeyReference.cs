using System.Text;
using System.Text.Json;

using Cairn.Core.Language.Binding;

namespace Cairn.Core.Language.Reference;

/// <summary>The reference of every key, in Markdown.</summary>
internal static class KeyReference
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append("# Keys of the pipeline language\n\n");
        text.Append("Generated from the keys that `cairn` reads; a test keeps this page and `cairn.schema.json` up to date.\n");
        var sets = new List<KeySet> { PipelineKeys.Pipeline, PipelineKeys.Included, PipelineKeys.Generated };
        Collect(sets);
        foreach (var keys in sets)
        {
            Write(text, keys, sets);
        }

        return text.ToString();
    }

    // The kinds tell what they refer to while they write their schema.
    private static void Collect(List<KeySet> sets)
    {
        using var json = new Utf8JsonWriter(Stream.Null);
        var schema = new SchemaWriter(json);
        json.WriteStartObject();
        for (var i = 0; i < sets.Count; i++)
        {
            foreach (var key in sets[i].Keys)
            {
                schema.Object(key.Name, key.Kind.WriteSchema);
            }

            while (schema.Next() is { } next)
            {
                sets.Add(next);
            }
        }
    }

    private static void Write(StringBuilder text, KeySet keys, List<KeySet> sets)
    {
        text.Append($"\n## {Names.Capital(Title(keys))}\n\n{keys.Doc}\n\n");
        if (keys.ExactlyOneOf.Length > 0)
        {
            text.Append($"Exactly one of {Names.List(keys.ExactlyOneOf)} is given{(keys.Beside is var (key, value) ? $"; `{key}: {value}` stands beside another" : "")}.\n\n");
        }

        var copied = Same(keys, sets);
        if (copied is not null)
        {
            text.Append($"Its keys are those of {copied.Title}");
            text.Append(keys.Keys.Count > copied.Keys.Count ? ", and:\n\n" : ".\n\n");
        }

        foreach (var key in keys.Keys)
        {
            if (copied is null || !Has(copied, key))
            {
                Write(text, key);
            }
        }

        text.Length -= 1;
    }

    private static void Write(StringBuilder text, KeyInfo key)
    {
        text.Append($"### `{key.Name}`\n\n{key.Doc}\n\n- takes {key.Kind.Expected}");
        text.Append(key.Required ? " (required)\n" : "\n");
        if (key.Default is { } value)
        {
            text.Append($"- default: {value}\n");
        }

        if ((key.Example ?? key.Kind.Example) is { } example)
        {
            text.Append($"- example: `{key.Name}: {example}`\n");
        }

        text.Append('\n');
    }

    private static string Title(KeySet keys) => keys.Name switch
    {
        "pipeline" => "a pipeline file",
        _ => keys.Title,
    };

    /// <summary>An earlier mapping of which this one has every key, with the same meaning.</summary>
    private static KeySet? Same(KeySet keys, List<KeySet> sets)
    {
        foreach (var other in sets)
        {
            if (ReferenceEquals(other, keys))
            {
                continue;
            }

            var isPart = other.Keys.Count > 1 && other.Keys.Count < keys.Keys.Count;
            foreach (var key in other.Keys)
            {
                isPart &= Has(keys, key);
            }

            if (isPart && other.Name is "step")
            {
                return other;
            }
        }

        return null;
    }

    private static bool Has(KeySet keys, KeyInfo key)
    {
        foreach (var other in keys.Keys)
        {
            if (ReferenceEquals(other, key))
            {
                return true;
            }
        }

        return false;
    }
}
