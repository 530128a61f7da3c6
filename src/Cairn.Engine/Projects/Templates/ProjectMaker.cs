using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Engine.Projects.Templates;

/// <summary>What a project is to be made from.</summary>
public sealed record NewProject
{
    /// <summary>The template.</summary>
    public required ProjectTemplate Template { get; init; }

    /// <summary>Its name, which is that of its folder.</summary>
    public required ProjectName Name { get; init; }

    /// <summary>Its kind; null for the template's usual one.</summary>
    public string? Kind { get; init; }

    /// <summary>The SPDX id of its licence; null for none.</summary>
    public string? License { get; init; }

    /// <summary>The suite of Debian that its programs are packages of; null for the machine's programs.</summary>
    public string? Suite { get; init; }

    /// <summary>Who holds the copyright; null for its authors.</summary>
    public string? Author { get; init; }

    /// <summary>The year of the copyright.</summary>
    public required int Year { get; init; }

    /// <summary>Values of the template's parameters.</summary>
    public ImmutableDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>
/// Makes projects from templates. Below <c>files/</c> stands what every project gets, below <c>app/</c>, <c>lib/</c> and <c>service/</c> what those of a kind get besides, in place of
/// files of the same path. A template without any of these folders is taken as it is.
/// </summary>
public static class ProjectMaker
{
    private const string Common = "files";
    private const string LicenseFile = "LICENSE";

    /// <summary>The files of a project; empty after mistakes, which are added.</summary>
    public static ImmutableArray<TemplateFile> Render(NewProject project, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (KindOf(project, diagnostics) is not { } kind || Values(project, kind, diagnostics) is not { } values)
        {
            return [];
        }

        var text = new TemplateText(values, diagnostics);
        var rendered = new SortedDictionary<string, TemplateFile>(StringComparer.Ordinal);
        ImmutableArray<string> layers = !HasLayers(project.Template.Files) ? [""] : kind.Length == 0 ? [Common] : [Common, kind];
        foreach (var layer in layers)
        {
            var prefix = layer.Length == 0 ? "" : layer + "/";
            foreach (var file in project.Template.Files)
            {
                if (!file.Path.StartsWith(prefix, StringComparison.Ordinal))
                {
                    continue;
                }

                var shown = $"{project.Template.Place}/{file.Path}";
                var path = text.ExpandLine(shown, file.Path[prefix.Length..]);
                if (!IsPath(path))
                {
                    diagnostics.Error(DiagnosticCodes.TemplatePath, $"`{shown}` becomes `{path}`, which is no path below the project", SourceSpan.None);
                    continue;
                }

                rendered[path] = new TemplateFile(path, project.Template.Sources.TryGetValue(shown, out var source) ? Encoding.UTF8.GetBytes(text.Expand(source)) : file.Content, file.IsExecutable);
            }
        }

        if (project.License is { } license && !rendered.ContainsKey(LicenseFile))
        {
            rendered[LicenseFile] = new TemplateFile(LicenseFile, Encoding.UTF8.GetBytes(text.Expand(new SourceText($"cairn:licenses/{license}", Encoding.UTF8.GetString(EmbeddedTemplate.License(license))))), IsExecutable: false);
        }

        return diagnostics.HasErrors ? [] : [.. rendered.Values];
    }

    /// <summary>Writes a project's files into a folder that is not there yet: beside it first, under its name when all is there. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
    public static void Write(ImmutableArray<TemplateFile> files, string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var parent = Path.GetDirectoryName(folder) ?? throw new IOException($"`{folder}` has no folder around it");
        Directory.CreateDirectory(parent);
        var half = Path.Combine(parent, $".{Path.GetFileName(folder)}.{Environment.ProcessId}.tmp");
        try
        {
            Directory.CreateDirectory(half);
            foreach (var file in files)
            {
                var path = Path.Combine(half, file.Path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, file.Content);
                if (file.IsExecutable)
                {
                    File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
                }
            }

            Directory.Move(half, folder);
        }
        catch
        {
            if (Directory.Exists(half))
            {
                Directory.Delete(half, recursive: true);
            }

            throw;
        }
    }

    private static string? KindOf(NewProject project, DiagnosticBag diagnostics)
    {
        var kinds = project.Template.Manifest.Kinds;
        if (project.Kind is not { } asked)
        {
            return kinds.IsEmpty ? "" : kinds[0];
        }

        if (kinds.Contains(asked, StringComparer.Ordinal))
        {
            return asked;
        }

        diagnostics.Error(
            DiagnosticCodes.TemplateKindUnknown, $"The template `{project.Template.Name}` makes no `{asked}`", SourceSpan.None,
            kinds.IsEmpty ? "it has no kinds: leave `--kind` out" : $"it makes {string.Join(", ", kinds)}");
        return null;
    }

    private static ImmutableSortedDictionary<string, string>? Values(NewProject project, string kind, DiagnosticBag diagnostics)
    {
        var manifest = project.Template.Manifest;
        var name = project.Name.Value;
        var lower = TemplateText.InForm(name, "lower")!;
        if (manifest.Reserved.Contains(name, StringComparer.Ordinal) || manifest.Reserved.Contains(lower, StringComparer.Ordinal))
        {
            diagnostics.Error(DiagnosticCodes.ProjectNameInvalid, $"`{name}` means something else in a project of `{project.Template.Name}`", SourceSpan.None, $"choose another name, such as `my-{name}`");
        }

        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        values["name"] = name;
        values["kind"] = kind;
        values["license"] = project.License ?? "";
        var suite = manifest.Packages.IsEmpty ? null : project.Suite;
        values["suite"] = suite ?? "";
        values["packages"] = suite is null ? "" : string.Join(", ", manifest.Packages);
        values["year"] = project.Year.ToString(System.Globalization.CultureInfo.InvariantCulture);
        values["author"] = project.Author is { Length: > 0 } author ? author.ReplaceLineEndings(" ") : $"The {name} authors";
        foreach (var parameter in manifest.Parameters)
        {
            if (!project.Parameters.TryGetValue(parameter.Name, out var value))
            {
                value = parameter.Default is { } standard ? new TemplateText(values.ToImmutable(), diagnostics).ExpandLine($"{project.Template.Place}/{TemplateManifest.FileName}", standard) : null;
            }

            if (value is null)
            {
                diagnostics.Error(DiagnosticCodes.TemplateParameter, $"The template asks for `{parameter.Name}`: {parameter.Description}", SourceSpan.None, $"give it with `--param {parameter.Name}=…`");
            }
            else if (value.AsSpan().ContainsAny('\n', '\r') || parameter.Pattern?.IsMatch(value) == false)
            {
                diagnostics.Error(DiagnosticCodes.TemplateParameter, $"`{value}` cannot be the `{parameter.Name}`", SourceSpan.None, parameter.Description);
            }
            else
            {
                values[parameter.Name] = value;
            }
        }

        foreach (var given in project.Parameters.Keys.Order(StringComparer.Ordinal))
        {
            if (!manifest.Parameters.Any(p => p.Name == given))
            {
                diagnostics.Error(
                    DiagnosticCodes.TemplateParameter, $"The template `{project.Template.Name}` has no parameter `{given}`", SourceSpan.None,
                    manifest.Parameters.IsEmpty ? "it takes none" : $"it takes {string.Join(", ", manifest.Parameters.Select(p => p.Name))}");
            }
        }

        return diagnostics.HasErrors ? null : values.ToImmutable();
    }

    private static bool HasLayers(ImmutableArray<TemplateFile> files)
    {
        foreach (var file in files)
        {
            var slash = file.Path.IndexOf('/', StringComparison.Ordinal);
            if (slash > 0 && file.Path.AsSpan(0, slash) is Common)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsPath(string path)
    {
        foreach (var segment in path.Split('/'))
        {
            if (segment is "" or "." or ".." || string.Equals(segment, ".git", StringComparison.OrdinalIgnoreCase) || segment.AsSpan().ContainsAnyInRange('\0', '\u001f') || segment.Contains('\u007f', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
