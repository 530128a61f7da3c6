using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Cairn.Trust.Json;

/// <summary>A JSON value as signed documents have them: no fractions, no name twice.</summary>
public abstract record JsonValue
{
    private JsonValue()
    {
    }

    /// <summary>A text as a value; none for none.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator JsonValue?(string? text) => text is null ? null : new Text(text);

    /// <summary>A whole number as a value.</summary>
    public static implicit operator JsonValue(long number) => new Number(number);

    /// <summary>The value of a text, for languages without operators.</summary>
    public static JsonValue FromString(string text) => new Text(text);

    /// <summary>The value of a number, for languages without operators.</summary>
    public static JsonValue FromInt64(long number) => number;

    /// <summary><c>null</c>.</summary>
    public sealed record Null : JsonValue;

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public sealed record Flag(bool Value) : JsonValue;

    /// <summary>A whole number that a double holds exactly: at most 2⁵³ - 1 in size.</summary>
    public sealed record Number(long Value) : JsonValue;

    /// <summary>A text.</summary>
    public sealed record Text(string Value) : JsonValue;

    /// <summary>A list.</summary>
    public sealed record List(ImmutableArray<JsonValue> Items) : JsonValue;

    /// <summary>An object, its members in the order in which they stand.</summary>
    public sealed record Object(ImmutableArray<KeyValuePair<string, JsonValue>> Members) : JsonValue
    {
        /// <summary>A member, or null.</summary>
        public JsonValue? this[string name]
        {
            get
            {
                foreach (ref readonly var member in Members.AsSpan())
                {
                    if (string.Equals(member.Key, name, StringComparison.Ordinal))
                    {
                        return member.Value;
                    }
                }

                return null;
            }
        }

        /// <summary>A member that is a text, or null.</summary>
        public string? TextOf(string name) => (this[name] as Text)?.Value;
    }
}

/// <summary>Puts an object together.</summary>
public sealed class JsonObjectBuilder
{
    private readonly ImmutableArray<KeyValuePair<string, JsonValue>>.Builder _members = ImmutableArray.CreateBuilder<KeyValuePair<string, JsonValue>>();

    /// <summary>Adds a member; one without a value is left out.</summary>
    public JsonObjectBuilder Add(string name, JsonValue? value)
    {
        if (value is not null)
        {
            _members.Add(new KeyValuePair<string, JsonValue>(name, value));
        }

        return this;
    }

    /// <summary>The object.</summary>
    public JsonValue.Object Build() => new(_members.ToImmutable());
}
