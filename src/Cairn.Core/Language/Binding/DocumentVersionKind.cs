using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language.Binding;

/// <summary>The version of a document: 1.</summary>
/// <param name="documents">What has versions, for messages: <c>policies</c>.</param>
internal sealed class DocumentVersionKind(string documents) : Kind<int>
{
    public override string Expected => "the number 1";

    public override string Example => "1";

    public override bool TryRead(Binder binder, Node node, out int value)
    {
        value = 1;
        return node is ScalarNode { Type: ScalarType.Integer } scalar
            ? scalar.Text is "1" || binder.Invalid(DiagnosticCodes.UnsupportedVersion, $"This `cairn` reads version 1 of {documents}, not {scalar.Text}", node.Span, "Write `version: 1`, or use a newer `cairn`")
            : binder.WrongType(node, this);
    }

    public override void WriteSchema(SchemaWriter schema) => schema.Member("const", 1);
}
