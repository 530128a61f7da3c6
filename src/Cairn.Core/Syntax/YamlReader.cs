using Cairn.Core.Diagnostics;

using YamlDotNet.Core;

namespace Cairn.Core.Syntax;

/// <summary>Reads YAML 1.2 (core schema) and JSON into nodes with exact places. Nothing that it is given makes it throw, hang or use much memory.</summary>
public static class YamlReader
{
    /// <summary>Decodes a file: strict UTF-8 with or without a byte order mark, at most <see cref="Limits.PipelineFileBytesMax"/>, no control characters. Null after a mistake, which is added.</summary>
    public static SourceText? Decode(string name, byte[] bytes, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(diagnostics);
        return SourceDecoder.Decode(name, bytes, diagnostics);
    }

    /// <summary>
    /// Reads a document. Null after a mistake that leaves nothing to look at, such as one of syntax; others (a duplicate key, an unknown
    /// alias) are added too, but the rest of the document is returned, so that mistakes of meaning can be shown with them.
    /// </summary>
    public static Node? Read(SourceText source, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (!SourceDecoder.HasOnlyText(source, diagnostics))
        {
            return null;
        }

        return JsonParser.MayRead(source.Text) && TryReadJson(source, diagnostics, out var node) ? node : ReadYaml(source, diagnostics);
    }

    private static bool TryReadJson(SourceText source, DiagnosticBag diagnostics, out Node? node)
    {
        var found = new DiagnosticBag();
        var parser = new JsonParser(source, found);
        node = parser.Parse();
        if (node is null && !parser.IsOverLimit)
        {
            return false;
        }

        foreach (var diagnostic in found.ToSorted())
        {
            diagnostics.Add(diagnostic);
        }

        return true;
    }

    private static Node? ReadYaml(SourceText source, DiagnosticBag diagnostics)
    {
        var scanned = ScannerMask.Apply(source.Text);
        using var input = new StringReader(scanned);
        var scanner = new Scanner(input);
        var composer = new YamlComposer(source, scanned, new Parser(scanner), diagnostics);
        try
        {
            return composer.Compose();
        }
        catch (YamlException e)
        {
            diagnostics.Add(new SyntaxErrors(source, composer.OpenBrackets).Explain(e, (int)scanner.CurrentPosition.Index));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or OverflowException or NullReferenceException or InvalidCastException)
        {
            // The scanner has assertions that bad input reaches; they name no place.
            diagnostics.Add(new SyntaxErrors(source, composer.OpenBrackets).Explain(new YamlException(""), (int)scanner.CurrentPosition.Index));
        }

        return null;
    }
}
