using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using Cairn.Core.Language.Binding;

namespace Cairn.Core.Language.Reference;

/// <summary>The JSON Schema of a kind of document, from the keys that its reader uses.</summary>
internal static class SchemaDocument
{
    /// <summary>The schema, JSON Schema draft 2020-12, indented, with a newline at the end.</summary>
    /// <param name="title">What such a document is called.</param>
    /// <param name="root">Its keys.</param>
    public static string Of(string title, KeySet root)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            var schema = new SchemaWriter(json);
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", title);
            Write(schema, root);
            json.WriteStartObject("$defs");
            while (schema.Next() is { } keys)
            {
                schema.Object(keys.Name, s => Write(s, keys));
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private static void Write(SchemaWriter schema, KeySet keys)
    {
        var json = schema.Json;
        json.WriteString("description", keys.Doc);
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var key in keys.Keys)
        {
            schema.Object(key.Name, s => Write(s, key));
        }

        json.WriteEndObject();
        if (keys.HasExtensions)
        {
            schema.Object("patternProperties", static s => s.Object("^x-", static _ => { }));
        }

        json.WriteBoolean("additionalProperties", false);
        WriteRequired(json, keys);
    }

    private static void Write(SchemaWriter schema, KeyInfo key)
    {
        schema.Json.WriteString("description", key.Default is { } value ? $"{key.Doc} Default: {value}." : key.Doc);
        key.Kind.WriteSchema(schema);
    }

    private static void WriteRequired(Utf8JsonWriter json, KeySet keys)
    {
        var hasRequired = false;
        foreach (var key in keys.Keys)
        {
            if (!key.Required)
            {
                continue;
            }

            if (!hasRequired)
            {
                json.WriteStartArray("required");
                hasRequired = true;
            }

            json.WriteStringValue(key.Name);
        }

        if (hasRequired)
        {
            json.WriteEndArray();
        }

        if (keys.ExactlyOneOf.Length == 0)
        {
            return;
        }

        json.WriteStartArray("oneOf");
        foreach (var name in keys.ExactlyOneOf)
        {
            json.WriteStartObject();
            json.WriteStartArray("required");
            json.WriteStringValue(name);
            json.WriteEndArray();
            if (keys.Beside is var (key, value) && string.Equals(key, name, StringComparison.Ordinal))
            {
                json.WriteStartObject("properties");
                json.WriteStartObject(key);
                json.WriteStartObject("not");
                json.WriteString("const", value);
                json.WriteEndObject();
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
