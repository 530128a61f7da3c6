using Cairn.Core.Language.Binding;
using Cairn.Core.Language.Reference;

namespace Cairn.Core.Language;

/// <summary>Writes what the reader reads: a JSON Schema for editors, and a reference for people. Both come from the keys that the reader uses.</summary>
public static class PipelineSchema
{
    /// <summary>The schema, JSON Schema draft 2020-12, indented, with a newline at the end.</summary>
    public static string Generate() => SchemaDocument.Of("Cairn pipeline", PipelineKeys.Pipeline);

    /// <summary>The reference of every key, in Markdown.</summary>
    public static string GenerateReference() => KeyReference.Write();
}
