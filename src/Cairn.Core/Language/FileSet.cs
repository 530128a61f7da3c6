using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Binding;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language;

/// <summary>A pipeline file with everything it includes, each file read once.</summary>
internal sealed class FileSet(ISourceLoader loader, DiagnosticBag diagnostics)
{
    private readonly List<string> _open = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>The names of the files, the pipeline file first.</summary>
    public List<string> Names { get; } = [];

    /// <summary>The files, included ones before those that include them.</summary>
    public List<FileDraft> Files { get; } = [];

    /// <summary>The texts by name.</summary>
    public ImmutableDictionary<string, SourceText>.Builder Sources { get; } = ImmutableDictionary.CreateBuilder<string, SourceText>(StringComparer.Ordinal);

    /// <summary>Reads a file and what it includes.</summary>
    public FileDraft? Load(string name, KeySet<FileDraft> keys) => Load(name, keys, SourceSpan.None);

    private FileDraft? Load(string name, KeySet<FileDraft> keys, SourceSpan place)
    {
        _seen.Add(name);
        if (Content(name, place) is not { } bytes || YamlReader.Decode(name, bytes, diagnostics) is not { } source)
        {
            return null;
        }

        Names.Add(name);
        Sources[name] = source;
        if (YamlReader.Read(source, diagnostics) is not { } node)
        {
            return null;
        }

        var draft = new FileDraft(name);
        var start = new SourceSpan(name, node.Span.Line, node.Span.Column, node.Span.Line, node.Span.Column + 1);
        if (node is not MappingNode mapping)
        {
            diagnostics.Error(DiagnosticCodes.WrongType, $"A pipeline file is a mapping, but this is {node.KindName}", start, "Begin with `version: 1` and `steps:`");
            return null;
        }

        keys.Read(new Binder(diagnostics, draft), mapping, draft, start);
        _open.Add(name);
        foreach (var include in draft.Include)
        {
            Include(name, include);
        }

        _open.RemoveAt(_open.Count - 1);
        Files.Add(draft);
        return draft;
    }

    private void Include(string from, NameUse include)
    {
        if (ProjectPaths.Normalize(ProjectPaths.Folder(from), include.Text) is not { } path)
        {
            diagnostics.Error(DiagnosticCodes.IncludeEscapes, $"`{include.Text}` is not a path within the project", include.Span, "Write a path relative to this file that stays in the project's folder");
            return;
        }

        var open = _open.IndexOf(path);
        if (open >= 0)
        {
            var cycle = string.Join(" -> ", _open[open..]);
            diagnostics.Error(DiagnosticCodes.IncludeCycle, $"Files include each other in a circle: `{cycle} -> {path}`", include.Span, "Remove one of these includes");
        }
        else if (_seen.Contains(path))
        {
            return;
        }
        else if (_open.Count > Limits.IncludeDepthMax)
        {
            diagnostics.Error(DiagnosticCodes.IncludeLimit, $"Includes are nested deeper than {Limits.IncludeDepthMax}", include.Span, "Include the file from one that is nearer to the pipeline file");
        }
        else if (_seen.Count > Limits.IncludedFilesMax)
        {
            diagnostics.Error(DiagnosticCodes.IncludeLimit, $"More than {Limits.IncludedFilesMax} files are included", include.Span, "Put several files into one");
        }
        else
        {
            Load(path, PipelineKeys.Included, include.Span);
        }
    }

    private byte[]? Content(string name, SourceSpan place)
    {
        try
        {
            if (loader.Load(name) is { } bytes)
            {
                return bytes;
            }

            diagnostics.Error(
                DiagnosticCodes.FileNotFound, $"There is no file `{name}`", place,
                place.HasPlace ? "Paths are relative to the file that includes" : "Run `cairn` in the folder of the pipeline file, or name the folder with `-C`; to begin, write the two lines `version: 1` and `steps: { hello: { run: echo hello } }` into it");
        }
        catch (IOException exception)
        {
            diagnostics.Error(DiagnosticCodes.FileUnreadable, $"`{name}` cannot be read: {exception.Message}", place);
        }

        return null;
    }
}
