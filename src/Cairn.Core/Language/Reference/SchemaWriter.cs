using System.Text.Json;

using Cairn.Core.Language.Binding;

namespace Cairn.Core.Language.Reference;

/// <summary>Writes the members of schema objects and remembers which definitions they refer to.</summary>
internal sealed class SchemaWriter(Utf8JsonWriter json)
{
    private readonly Queue<KeySet> _open = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public Utf8JsonWriter Json => json;

    public void Type(string type) => json.WriteString("type", type);

    public void Types(params ReadOnlySpan<string> types)
    {
        if (types.Length == 1)
        {
            Type(types[0]);
            return;
        }

        Texts("type", types);
    }

    public void Enum(params ReadOnlySpan<string> values) => Texts("enum", values);

    public void Examples(params ReadOnlySpan<string> values) => Texts("examples", values);

    /// <summary>Writes a member; nothing where the value is null.</summary>
    public void Member(string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>Writes a member; nothing where the name is null.</summary>
    public void Member(string? name, int value)
    {
        if (name is not null)
        {
            json.WriteNumber(name, value);
        }
    }

    public void Object(string name, Action<SchemaWriter> write)
    {
        json.WriteStartObject(name);
        write(this);
        json.WriteEndObject();
    }

    public void AnyOf(params ReadOnlySpan<Action<SchemaWriter>> choices)
    {
        json.WriteStartArray("anyOf");
        foreach (var choice in choices)
        {
            json.WriteStartObject();
            choice(this);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Refers to a definition, which is then written too.</summary>
    public void Reference(KeySet keys)
    {
        json.WriteString("$ref", $"#/$defs/{keys.Name}");
        if (_seen.Add(keys.Name))
        {
            _open.Enqueue(keys);
        }
    }

    /// <summary>The next definition to write, or null.</summary>
    public KeySet? Next() => _open.TryDequeue(out var keys) ? keys : null;

    private void Texts(string name, ReadOnlySpan<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
