using System.Collections.Immutable;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Store.Files;
using Cairn.Trust.Verification.Editing;

namespace Cairn.Engine.Trust;

/// <summary>What became of an edit of the trust store.</summary>
/// <param name="Path">The file.</param>
/// <param name="Diagnostics">Why it was not done: mistakes that the file has, or would have. Empty where it was.</param>
/// <param name="Sources">The file's text, to show lines of it.</param>
public sealed record TrustChange(string Path, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources)
{
    /// <summary>Whether it was written.</summary>
    public bool IsDone => !Diagnostics.Any(static d => d.Severity == DiagnosticSeverity.Error);
}

/// <summary>Changes <c>trust.yaml</c>: one writer at a time, all or nothing, and only if what comes out can be read.</summary>
public static class TrustFileWriter
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Takes the lock over the trust store and its keys. Throws <see cref="IOException"/>.</summary>
    public static Task<FileLock> LockAsync(string path, Action<string?> waiting, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return FileLock.AcquireAsync(path + ".lock", $"cairn keys, process {Environment.ProcessId}", waiting, time, cancellationToken);
    }

    /// <summary>Edits the file, whose lock is held. Throws <see cref="IOException"/>.</summary>
    /// <param name="path">The file; it is made where it is missing.</param>
    /// <param name="edits">The edits, one after the other; each gets the text that the one before left.</param>
    public static TrustChange Edit(string path, params IReadOnlyList<Func<SourceText, TrustEdit>> edits)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(edits);
        var mistakes = new DiagnosticBag();
        var content = TrustFiles.Read(path, mistakes);
        var sources = ImmutableDictionary<string, SourceText>.Empty;
        if (content is not null)
        {
            TrustFiles.Parse(path, content, mistakes, out sources);
        }

        if (mistakes.HasErrors)
        {
            return new TrustChange(path, mistakes.ToSorted(), sources);
        }

        var text = content is null ? new SourceText(path, TrustFileEditor.Head) : sources[path];
        foreach (var edit in edits)
        {
            var edited = edit(text);
            if (edited.Text is null)
            {
                var refusal = new Diagnostic(DiagnosticCodes.TrustNotEdited, DiagnosticSeverity.Error, $"The trust store `{path}` was not changed: {edited.Problem}", SourceSpan.None, "Change it by hand: docs/formats/trust.md describes it");
                return new TrustChange(path, [refusal], sources);
            }

            text = new SourceText(path, edited.Text);
        }

        // Whatever a person asked for, a store that cannot be read would stop every run.
        byte[] bytes = [.. content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble : default, .. Encoding.UTF8.GetBytes(text.Text)];
        var after = new DiagnosticBag();
        TrustFiles.Parse(path, bytes, after, out var shown);
        if (after.HasErrors)
        {
            return new TrustChange(path, after.ToSorted(), shown);
        }

        // A dotfile may be a link into a repository: the link stays, its target is replaced.
        var target = File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } link ? link.FullName : path;
        DurableFile.Replace(target, bytes, durable: true, File.Exists(target) ? File.GetUnixFileMode(target) : OwnerOnly);
        return new TrustChange(path, [], shown);
    }
}
