using System.Collections.Immutable;
using System.Reflection;

using Cairn.Core.Diagnostics;

namespace Cairn.Engine.Projects.Templates;

/// <summary>A file of a template.</summary>
/// <param name="Path">Its path below the template's folder.</param>
/// <param name="Content">What is in it.</param>
/// <param name="IsExecutable">Whether it may be executed.</param>
public sealed record TemplateFile(string Path, byte[] Content, bool IsExecutable);

/// <summary>Where the files of a template come from.</summary>
internal interface ITemplateFiles
{
    /// <summary>What mistakes in its files are shown as: a path.</summary>
    string Place { get; }

    /// <summary>All files, sorted by path; after mistakes, which are added, those that are right.</summary>
    ImmutableArray<TemplateFile> Read(DiagnosticBag diagnostics);
}

/// <summary>A template that is part of the program.</summary>
internal sealed class EmbeddedTemplate(string name) : ITemplateFiles
{
    private const string Prefix = "templates/";
    private const string Licenses = "licenses";

    private static readonly Assembly Assembly = typeof(EmbeddedTemplate).Assembly;

    /// <inheritdoc/>
    public string Place => $"cairn:{name}";

    /// <summary>The names of all of them, sorted.</summary>
    public static ImmutableArray<string> Names() => Folders(Prefix, Licenses);

    /// <summary>The licences there are texts of, by their SPDX ids.</summary>
    public static ImmutableArray<string> LicenseIds()
    {
        var ids = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var resource in Assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith($"{Prefix}{Licenses}/", StringComparison.Ordinal))
            {
                ids.Add(Path.GetFileNameWithoutExtension(resource));
            }
        }

        return [.. ids];
    }

    /// <summary>The text of a licence.</summary>
    public static byte[] License(string id) => Content($"{Prefix}{Licenses}/{id}.txt");

    /// <inheritdoc/>
    public ImmutableArray<TemplateFile> Read(DiagnosticBag diagnostics)
    {
        var prefix = $"{Prefix}{name}/";
        var files = new List<TemplateFile>();
        foreach (var resource in Assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith(prefix, StringComparison.Ordinal))
            {
                var content = Content(resource);
                files.Add(new TemplateFile(resource[prefix.Length..], content, content.AsSpan().StartsWith("#!"u8)));
            }
        }

        files.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return [.. files];
    }

    private static ImmutableArray<string> Folders(string prefix, string except)
    {
        var names = ImmutableSortedSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var resource in Assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith(prefix, StringComparison.Ordinal))
            {
                var folder = resource[prefix.Length..resource.IndexOf('/', prefix.Length)];
                if (folder != except)
                {
                    names.Add(folder);
                }
            }
        }

        return [.. names];
    }

    private static byte[] Content(string resource)
    {
        using var stream = Assembly.GetManifestResourceStream(resource) ?? throw new InvalidOperationException($"There is no resource `{resource}`");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
