using System.Collections.Immutable;

namespace Cairn.Core.Expressions;

/// <summary>What an expression yields: JSON's values.</summary>
public abstract record Value
{
    private Value()
    {
    }

    /// <summary>No value.</summary>
    public sealed record Null : Value
    {
        /// <summary>The only one.</summary>
        public static Null Instance { get; } = new();
    }

    /// <summary>True or false.</summary>
    public sealed record Boolean(bool Content) : Value;

    /// <summary>A number (IEEE 754 double; integers are exact to 2^53).</summary>
    public sealed record Number(double Content) : Value;

    /// <summary>A text.</summary>
    public sealed record String(string Content) : Value;

    /// <summary>A list.</summary>
    public sealed record List(ImmutableArray<Value> Items) : Value;

    /// <summary>A map; names are unique and keep their order.</summary>
    public sealed record Map(ImmutableArray<KeyValuePair<string, Value>> Entries) : Value
    {
        /// <summary>The value of a name, or null.</summary>
        public Value? Find(string name)
        {
            foreach (var (key, value) in Entries)
            {
                if (string.Equals(key, name, StringComparison.Ordinal))
                {
                    return value;
                }
            }

            return null;
        }
    }

    /// <summary>Wraps a text.</summary>
    public static Value Of(string text) => new String(text);

    /// <summary>Wraps a truth value.</summary>
    public static Value Of(bool truth) => new Boolean(truth);

    /// <summary>Wraps a number.</summary>
    public static Value Of(double number) => new Number(number);
}
