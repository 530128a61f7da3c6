using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Store.Files;

namespace Cairn.Engine.Projects.Templates;

/// <summary>How much a template from elsewhere may be.</summary>
internal static class TemplateLimits
{
    public const int FilesMax = 2_000;
    public const int FileBytesMax = 4 << 20;
    public const int AllBytesMax = 64 << 20;
    public const int DepthMax = 32;

    /// <summary>What is wrong with a file of a size that comes after others; null where it fits.</summary>
    public static string? Problem(int files, long bytes, long size) =>
        files >= FilesMax ? $"is one file more than the {FilesMax:N0} that a template may have"
        : size > FileBytesMax ? $"has more than {FileBytesMax >> 20} MiB"
        : bytes + size > AllBytesMax ? $"brings the template to more than {AllBytesMax >> 20} MiB"
        : null;
}

/// <summary>A template in a folder, of which nobody says that it means well: it is read by descriptors, and what is neither file nor folder is refused.</summary>
internal sealed class FolderTemplate(string folder, string place) : ITemplateFiles
{
    private readonly List<TemplateFile> _files = [];
    private long _bytes;

    /// <inheritdoc/>
    public string Place => place;

    /// <inheritdoc/>
    public ImmutableArray<TemplateFile> Read(DiagnosticBag diagnostics)
    {
        using var root = DirectoryHandle.Open(folder);
        if (!Read(root, "", 0, diagnostics))
        {
            return [];
        }

        _files.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return [.. _files];
    }

    /// <summary>Reads a folder; false where there is no use in going on.</summary>
    private bool Read(DirectoryHandle from, string prefix, int depth, DiagnosticBag diagnostics)
    {
        foreach (var entry in from.List().OrderBy(static e => e.Name, StringComparer.Ordinal))
        {
            var path = prefix + entry.Name;
            if (path == ".git")
            {
                continue;
            }

            var stat = entry.IsUtf8 ? from.TryStat(entry.Name) : null;
            switch (stat?.Kind)
            {
                case FileKind.Directory when depth < TemplateLimits.DepthMax:
                    using (var below = from.TryOpen(entry.Name))
                    {
                        if (below is not null && !Read(below, path + "/", depth + 1, diagnostics))
                        {
                            return false;
                        }
                    }

                    break;
                case FileKind.Regular when from.TryOpenFile(entry.Name) is { } file:
                    using (file)
                    {
                        var length = RandomAccess.GetLength(file);
                        if (TemplateLimits.Problem(_files.Count, _bytes, length) is { } problem)
                        {
                            Wrong(diagnostics, path, problem, suggestion: null);
                            return false;
                        }

                        var content = new byte[length];
                        var read = RandomAccess.Read(file, content, 0);
                        _files.Add(new TemplateFile(path, read == length ? content : content[..read], stat.Value.Executable));
                        _bytes += read;
                    }

                    break;
                case FileKind.Symlink:
                    Wrong(diagnostics, path, "is a link, which a template cannot have", "put the file itself there");
                    break;
                default:
                    Wrong(
                        diagnostics, path, !entry.IsUtf8 ? "has a name that is not UTF-8" : stat?.Kind == FileKind.Directory ? $"lies more than {TemplateLimits.DepthMax} folders deep" : "is neither a file nor a folder",
                        "a template has files and folders only");
                    break;
            }
        }

        return true;
    }

    private void Wrong(DiagnosticBag diagnostics, string path, string what, string? suggestion) =>
        diagnostics.Error(DiagnosticCodes.TemplatePath, $"`{place}/{path}` {what}", SourceSpan.None, suggestion);
}
