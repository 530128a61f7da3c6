using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A type of value of the language: what a person calls it and how the JSON Schema says it.</summary>
internal abstract class Kind
{
    /// <summary>With its article: <c>a duration</c>.</summary>
    public abstract string Expected { get; }

    /// <summary>A value as it is written in YAML, on one line.</summary>
    public virtual string? Example => null;

    /// <summary>Whether a mapping can be such a value.</summary>
    public virtual bool TakesMapping => false;

    /// <summary>Writes the members of the schema object for this type.</summary>
    public abstract void WriteSchema(SchemaWriter schema);
}

/// <summary>A type of value that can be read.</summary>
internal abstract class Kind<T> : Kind
{
    /// <summary>Reads a value; false after mistakes, which are added.</summary>
    public abstract bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out T value);
}
