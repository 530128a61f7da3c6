using System.Collections.Immutable;

namespace Cairn.Core.Expressions;

/// <summary>What an expression yields: JSON's values. Equality is by content; maps are equal whatever the order of their names.</summary>
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
    public sealed record List(ImmutableArray<Value> Items) : Value
    {
        /// <inheritdoc/>
        public bool Equals(List? other)
        {
            if (other is null || other.Items.Length != Items.Length)
            {
                return false;
            }

            for (var i = 0; i < Items.Length; i++)
            {
                if (!Items[i].Equals(other.Items[i]))
                {
                    return false;
                }
            }

            return true;
        }

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            var hash = default(HashCode);
            foreach (var item in Items)
            {
                hash.Add(item);
            }

            return hash.ToHashCode();
        }
    }

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

        /// <inheritdoc/>
        public bool Equals(Map? other)
        {
            if (other is null || other.Entries.Length != Entries.Length)
            {
                return false;
            }

            // Mostly the order is equal too; only where it is not, names are looked up.
            Dictionary<string, Value>? theirs = null;
            for (var i = 0; i < Entries.Length; i++)
            {
                var (key, value) = Entries[i];
                var found = other.Entries[i].Value;
                if (theirs is not null || !string.Equals(key, other.Entries[i].Key, StringComparison.Ordinal))
                {
                    theirs ??= new Dictionary<string, Value>(other.Entries, StringComparer.Ordinal);
                    if (!theirs.TryGetValue(key, out found))
                    {
                        return false;
                    }
                }

                if (!value.Equals(found))
                {
                    return false;
                }
            }

            return true;
        }

        /// <inheritdoc/>
        public override int GetHashCode()
        {
            var hash = Entries.Length;
            foreach (var (key, value) in Entries)
            {
                hash ^= HashCode.Combine(key, value);
            }

            return hash;
        }
    }

    /// <summary>Wraps a text.</summary>
    public static Value Of(string text) => new String(text);

    /// <summary>Wraps a truth value.</summary>
    public static Value Of(bool truth) => new Boolean(truth);

    /// <summary>Wraps a number.</summary>
    public static Value Of(double number) => new Number(number);

    /// <summary>Wraps a list.</summary>
    public static Value Of(ImmutableArray<Value> items) => new List(items);
}
