using Cairn.Core.Language.Reference;

namespace Cairn.Trust.Policies;

/// <summary>The JSON Schemas of policies and of their cases, for editors: from the keys that the readers use.</summary>
public static class PolicySchema
{
    /// <summary>That of policies, indented, with a newline at the end.</summary>
    public static string Generate() => SchemaDocument.Of("Cairn policy", PolicyKeys.Policy);

    /// <summary>That of files of cases.</summary>
    public static string GenerateCases() => SchemaDocument.Of("Cases for a Cairn policy", EvidenceKeys.Cases);
}
