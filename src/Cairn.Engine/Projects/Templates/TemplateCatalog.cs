using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Engine.Projects.Templates;

/// <summary>A template that was found.</summary>
/// <param name="Name">What it was asked for by.</param>
/// <param name="Place">Where it comes from: <c>cairn:c</c>, a folder or a URL.</param>
/// <param name="Manifest">What it says of itself.</param>
/// <param name="Files">Its files but for the manifest.</param>
/// <param name="Sources">Its text files by the names that mistakes show, for excerpts.</param>
public sealed record ProjectTemplate(string Name, string Place, TemplateManifest Manifest, ImmutableArray<TemplateFile> Files, ImmutableDictionary<string, SourceText> Sources);

/// <summary>Finds templates: those of the program, of the user's folder, of any folder, and of git repositories.</summary>
public sealed class TemplateCatalog(string? userFolder, string currentDirectory)
{
    /// <summary>The licences there are texts of, by their SPDX ids.</summary>
    public static ImmutableArray<string> Licenses => EmbeddedTemplate.LicenseIds();

    /// <summary>The names that need no path, the user's own among them, sorted.</summary>
    public ImmutableArray<string> Names()
    {
        var names = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        names.UnionWith(EmbeddedTemplate.Names());
        if (userFolder is not null && Directory.Exists(userFolder))
        {
            foreach (var folder in Directory.EnumerateDirectories(userFolder))
            {
                if (File.Exists(Path.Combine(folder, TemplateManifest.FileName)))
                {
                    names.Add(Path.GetFileName(folder));
                }
            }
        }

        return [.. names];
    }

    /// <summary>Finds and reads a template, which is cloned where its name is a URL; null after mistakes, which are added. The sources of mistakes are given in any case.</summary>
    public Task<(ProjectTemplate? Template, ImmutableDictionary<string, SourceText> Sources)> FindAsync(string name, DiagnosticBag diagnostics, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(diagnostics);
        return IsUrl(name) ? CloneAsync(name, diagnostics, cancellationToken) : Task.FromResult(Find(name, diagnostics));
    }

    /// <summary>The same for a template of this machine.</summary>
    public (ProjectTemplate? Template, ImmutableDictionary<string, SourceText> Sources) Find(string name, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(diagnostics);
        return Local(name) is { } files ? Read(name, files, diagnostics) : Unknown(name, diagnostics);
    }

    private ITemplateFiles? Local(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal) || name is "." or "..")
        {
            var folder = Path.GetFullPath(name, currentDirectory);
            return Directory.Exists(folder) ? new FolderTemplate(folder, folder) : null;
        }

        var own = userFolder is null ? null : Path.Combine(userFolder, name);
        return own is not null && Directory.Exists(own) ? new FolderTemplate(own, own)
            : EmbeddedTemplate.Names().Contains(name, StringComparer.Ordinal) ? new EmbeddedTemplate(name)
            : null;
    }

    private (ProjectTemplate? Template, ImmutableDictionary<string, SourceText> Sources) Unknown(string name, DiagnosticBag diagnostics)
    {
        var suggestion = name.Contains('/', StringComparison.Ordinal)
            ? "a folder with a `template.yaml`, or the URL of a git repository"
            : Suggestions.Nearest(name, Names()) is { } near ? $"did you mean `{near}`?" : $"there are {string.Join(", ", Names())}";
        diagnostics.Error(DiagnosticCodes.TemplateUnknown, $"There is no template `{name}`", SourceSpan.None, suggestion);
        return (null, ImmutableDictionary<string, SourceText>.Empty);
    }

    private static bool IsUrl(string name) =>
        name.Contains("://", StringComparison.Ordinal) || (name.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && name.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && at < colon);

    /// <summary>A clone of the newest commit, which is gone again once it was read.</summary>
    private static async Task<(ProjectTemplate? Template, ImmutableDictionary<string, SourceText> Sources)> CloneAsync(string url, DiagnosticBag diagnostics, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("cairn-template-");
        try
        {
            var target = Path.Combine(folder.FullName, "template");
            return await new TemplateClone(url, target).RunAsync(diagnostics, cancellationToken) ? Read(url, new FolderTemplate(target, url), diagnostics) : (null, ImmutableDictionary<string, SourceText>.Empty);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (ProjectTemplate? Template, ImmutableDictionary<string, SourceText> Sources) Read(string name, ITemplateFiles from, DiagnosticBag diagnostics)
    {
        var sources = ImmutableDictionary.CreateBuilder<string, SourceText>(StringComparer.Ordinal);
        ImmutableArray<TemplateFile> files;
        try
        {
            files = from.Read(diagnostics);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            diagnostics.Error(DiagnosticCodes.TemplateUnreadable, $"The template `{from.Place}` cannot be read: {exception.Message}", SourceSpan.None);
            return (null, sources.ToImmutable());
        }

        TemplateManifest? manifest = null;
        var found = false;
        foreach (var file in files)
        {
            // What is not text is copied as it is.
            var shown = $"{from.Place}/{file.Path}";
            if (YamlReader.Decode(shown, file.Content, new DiagnosticBag()) is { } text)
            {
                sources[shown] = text;
            }

            if (file.Path == TemplateManifest.FileName)
            {
                found = true;
                manifest = YamlReader.Decode(shown, file.Content, diagnostics) is { } source ? TemplateManifest.Read(source, diagnostics) : null;
            }
        }

        if (!found && !diagnostics.HasErrors)
        {
            diagnostics.Error(DiagnosticCodes.TemplateUnreadable, $"`{from.Place}` has no `{TemplateManifest.FileName}`", SourceSpan.None, "a template says what it is: write `description: …` into that file");
        }

        var all = sources.ToImmutable();
        return diagnostics.HasErrors || manifest is null
            ? (null, all)
            : (new ProjectTemplate(name, from.Place, manifest, files.RemoveAll(f => f.Path == TemplateManifest.FileName), all), all);
    }
}
