using System.Collections.Immutable;
using System.ComponentModel;

using Cairn.Core.Diagnostics;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>Collects what is wrong with sources, from several threads, up to a limit.</summary>
internal sealed class SourceProblems
{
    private readonly List<(string Path, Diagnostic Diagnostic)> _items = [];
    private int _files;

    public void NotUtf8(string shown) => Add(
        DiagnosticCodes.SourceNameNotUtf8, shown, $"The name of `{shown}` is not UTF-8, so that it cannot be an input", "Rename it, or exclude it with a rule in `.cairnignore`");

    public void Special(string path, bool named) => Add(
        DiagnosticCodes.SourceSpecialFile,
        path,
        named ? $"`{path}` is a FIFO, a socket or a device, and cannot be an input" : $"`{path}` is a FIFO, a socket or a device and is left out of the inputs",
        named ? "Name a regular file" : "Exclude it with a rule in `.cairnignore`",
        named ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning);

    public void Unreadable(string path, bool folder, int error) => Add(
        DiagnosticCodes.SourceUnreadable,
        path,
        $"Cannot read the {(folder ? "folder" : "input")} `{(path.Length == 0 ? "." : path)}`: {new Win32Exception(-error).Message}",
        -error == FileNative.ErrorAccess ? "Give yourself the right to read it, or exclude it with a rule in `.cairnignore`" : null);

    public void TooDeep(string path) => Add(
        DiagnosticCodes.SourceTooDeep, path, $"`{path}` is more than {Limits.SourceDepthMax} folders deep", "Exclude it with a rule in `.cairnignore`");

    public void TooLong(string path) => Add(
        DiagnosticCodes.SourcePathTooLong,
        path,
        $"The path `{path[..Math.Min(path.Length, 80)]}…` has more than {Limits.SourcePathBytesMax:N0} bytes",
        "Shorten it, or exclude it with a rule in `.cairnignore`");

    public void TargetNotUtf8(string path) => Add(
        DiagnosticCodes.SourceTargetNotUtf8, path, $"The link `{path}` leads to a name that is not UTF-8, so that it cannot be an input", "Rename what it leads to, or exclude it with a rule in `.cairnignore`");

    public void Changing(string path) => Add(
        DiagnosticCodes.SourceChanging, path, $"`{path}` changed again and again while it was read", "End what writes to it, or exclude it with a rule in `.cairnignore`");

    public void BeyondLink(string path, string link) => Add(
        DiagnosticCodes.SourceBeyondLink, path, $"`{path}` stands behind the link `{link}`, which is not followed", "Name the files where they are, and the link itself");

    public void IgnoreFile(string path, string why) => Add(
        DiagnosticCodes.IgnoreFileUnusable, path, $"The ignore rules in `{path}` cannot be used: {why}", "Make it a regular file that can be read, or remove it");

    /// <summary>Counts a file; false beyond the limit, which is told once.</summary>
    public bool TryCount()
    {
        var files = Interlocked.Increment(ref _files);
        if (files == Limits.SourceFilesMax + 1)
        {
            Add(
                DiagnosticCodes.SourceTooMany,
                "",
                $"There are more than {Limits.SourceFilesMax:N0} inputs",
                "Exclude folders with rules in `.cairnignore`, or give each step its `inputs`");
        }

        return files <= Limits.SourceFilesMax;
    }

    /// <summary>What was found, by path; the first ones where there is too much.</summary>
    public ImmutableArray<Diagnostic> ToSorted()
    {
        _items.Sort(static (left, right) => string.CompareOrdinal(left.Path, right.Path));
        var sorted = ImmutableArray.CreateBuilder<Diagnostic>();
        foreach (var (_, diagnostic) in _items)
        {
            sorted.Add(diagnostic);
        }

        return sorted.DrainToImmutable();
    }

    private void Add(string code, string path, string message, string? suggestion, DiagnosticSeverity severity = DiagnosticSeverity.Error)
    {
        lock (_items)
        {
            if (_items.Count < Limits.SourceDiagnosticsMax)
            {
                _items.Add((path, new Diagnostic(code, severity, message, SourceSpan.None, suggestion)));
            }
        }
    }
}
