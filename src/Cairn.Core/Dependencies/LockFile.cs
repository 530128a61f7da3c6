using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies;

/// <summary>A lock file, or a file beside one that tells more about it.</summary>
/// <param name="Path">Relative to what is looked at, with forward slashes.</param>
/// <param name="Text">Its text.</param>
public sealed record LockFile(string Path, SourceText Text)
{
    /// <summary>The name within its folder.</summary>
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>The folder with a slash at its end, or nothing.</summary>
    public string Prefix => Path[..(Path.LastIndexOf('/') + 1)];

    /// <summary>Where the file begins, for what is wrong with all of it.</summary>
    internal SourceSpan Start => new(Text.Name, 1, 1, 1, 1);

    /// <summary>Takes the bytes of a file; null after a mistake (no UTF-8, control characters), which is added.</summary>
    /// <param name="path">Relative to what is looked at.</param>
    /// <param name="shown">The path for messages.</param>
    /// <param name="content">At most <see cref="Limits.LockFileBytesMax"/> bytes.</param>
    /// <param name="diagnostics">Takes mistakes.</param>
    public static LockFile? Decode(string path, string shown, ReadOnlySpan<byte> content, DiagnosticBag diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        if (content.Length > Limits.LockFileBytesMax)
        {
            diagnostics.Error(
                DiagnosticCodes.LockFileTooLarge,
                $"The file has more than {Limits.LockFileBytesMax >> 20} MiB",
                new SourceSpan(shown, 1, 1, 1, 1),
                "Exclude it with a rule in `.cairnignore`");
            return null;
        }

        return SourceDecoder.DecodeText(shown, content, diagnostics) is { } text ? new LockFile(path, text) : null;
    }
}
