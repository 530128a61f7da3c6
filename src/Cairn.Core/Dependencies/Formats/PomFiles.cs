using System.Xml;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Dependencies.Formats;

/// <summary>An element of a pom. Attributes, and text between elements, mean nothing there.</summary>
internal sealed class PomElement(string name, SourceSpan span)
{
    public string Name => name;

    public SourceSpan Span => span;

    public List<PomElement> Children { get; } = [];

    public string Value { get; set; } = "";

    public PomElement? Child(string child)
    {
        foreach (var element in Children)
        {
            if (element.Name == child)
            {
                return element;
            }
        }

        return null;
    }

    /// <summary>The text of a child without blanks around; null where it has none.</summary>
    public string? Text(string child) => Child(child)?.Value.Trim() is { Length: > 0 } text ? text : null;
}

/// <summary>The poms of what is looked at, each read once.</summary>
internal sealed class PomFiles
{
    private const int DepthMax = 64;

    private static readonly XmlReaderSettings Settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreProcessingInstructions = true };

    private readonly Dictionary<string, PomElement?> _roots = new(StringComparer.Ordinal);
    private HashSet<string>? _projects;

    /// <summary>A pom's <c>project</c>; null after a mistake, which is added.</summary>
    public PomElement? Read(LockReading reading, LockFile file)
    {
        if (!_roots.TryGetValue(file.Path, out var root))
        {
            _roots[file.Path] = root = Parse(reading, file);
        }

        return root;
    }

    /// <summary>The parent that a pom names, where that lies in the working tree.</summary>
    public (PomElement Pom, LockFile File)? ParentOf(LockReading reading, PomElement pom, LockFile file)
    {
        if (pom.Child("parent") is not { } parent || (parent.Child("relativePath") is { } empty && empty.Value.Trim().Length == 0))
        {
            return null;
        }

        var path = parent.Text("relativePath") ?? "../pom.xml";
        foreach (var candidate in (string[])[path, $"{path}/{MavenProject.FileName}"])
        {
            if (Resolve(file.Prefix + candidate) is { } at && reading.FileAt(at) is { } found && Read(reading, found) is { } element && element.Text("artifactId") == parent.Text("artifactId"))
            {
                return (element, found);
            }
        }

        return null;
    }

    /// <summary>Whether <c>group:artifact</c> is built here.</summary>
    public bool IsProject(LockReading reading, string name)
    {
        if (_projects is null)
        {
            _projects = new HashSet<string>(StringComparer.Ordinal);
            foreach (var file in reading.AllFiles)
            {
                // The mistakes of the others are told when it is their turn.
                if (file.Name == MavenProject.FileName && Read(reading, file) is { } pom && pom.Text("artifactId") is { } artifact)
                {
                    _projects.Add($"{pom.Text("groupId") ?? pom.Child("parent")?.Text("groupId")}:{artifact}");
                }
            }
        }

        return _projects.Contains(name);
    }

    /// <summary>A path without <c>.</c> and <c>..</c>; null where it leaves what is looked at.</summary>
    private static string? Resolve(string path)
    {
        var segments = new List<string>();
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment == "..")
            {
                if (segments.Count == 0)
                {
                    return null;
                }

                segments.RemoveAt(segments.Count - 1);
            }
            else if (segment != ".")
            {
                segments.Add(segment);
            }
        }

        return string.Join('/', segments);
    }

    private static PomElement? Parse(LockReading reading, LockFile file)
    {
        try
        {
            using var text = new StringReader(file.Text.Text);
            using var xml = XmlReader.Create(text, Settings);
            return Parse(reading, file, xml);
        }
        catch (XmlException exception)
        {
            var line = Math.Clamp(exception.LineNumber, 1, file.Text.LineCount);
            var column = Math.Clamp(exception.LinePosition, 1, file.Text.LineSpan(line).Length + 1);
            reading.Diagnostics.Error(
                DiagnosticCodes.LockFileSyntax,
                exception.Message.Contains("DTD", StringComparison.OrdinalIgnoreCase) ? "A pom has no document type" : "The file is not the XML of a pom from here on",
                new SourceSpan(file.Text.Name, line, column, line, column),
                "Mend it; `mvn validate` says more");
            return null;
        }
    }

    private static PomElement? Parse(LockReading reading, LockFile file, XmlReader xml)
    {
        var open = new Stack<PomElement>();
        PomElement? root = null;
        var lines = (IXmlLineInfo)xml;
        while (xml.Read())
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element:
                    var (line, column) = (lines.LineNumber, Math.Max(1, lines.LinePosition - 1));
                    var element = new PomElement(xml.LocalName, new SourceSpan(file.Text.Name, line, column, line, column + xml.Name.Length + 1));
                    root ??= element;
                    if (open.Count > DepthMax)
                    {
                        reading.Diagnostics.Error(DiagnosticCodes.TooDeep, $"Elements are nested more than {DepthMax} levels deep", element.Span, "Flatten the document");
                        return null;
                    }

                    if (open.TryPeek(out var parent))
                    {
                        parent.Children.Add(element);
                    }

                    if (!xml.IsEmptyElement)
                    {
                        open.Push(element);
                    }

                    break;
                case XmlNodeType.EndElement:
                    open.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA when open.TryPeek(out var inside):
                    // Text with comments between has parts; a hostile file may have very many.
                    inside.Value = inside.Value.Length > 4_096 ? inside.Value : inside.Value + xml.Value;
                    break;
            }
        }

        if (root is { Name: "project" })
        {
            return root;
        }

        reading.Shape("The file must be a `project`", root?.Span ?? file.Start);
        return null;
    }
}
