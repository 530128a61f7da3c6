using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Diagnostics;
using Cairn.Core.Fetching;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>A host that a fetch step reaches. Never an expression: what may be reached stands where it is reviewed.</summary>
internal sealed class HostKind : Kind<HostPattern>
{
    public override string Expected => "the name of a host";

    public override string Example => "registry.npmjs.org";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out HostPattern value)
    {
        value = null;
        if (node is not ScalarNode { Type: not ScalarType.Null } scalar)
        {
            return binder.WrongType(node, this);
        }

        return scalar.Text.Contains("${{", StringComparison.Ordinal)
            ? binder.Invalid(DiagnosticCodes.InvalidHost, "Hosts are named as they are: expressions have no place here", node.Span, "Write each of them")
            : HostPattern.TryParse(scalar.Text, out value, out var error, out var suggestion) || binder.Invalid(DiagnosticCodes.InvalidHost, error, node.Span, suggestion);
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("minLength", 1);
    }
}
