using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Trust.Bundles;

namespace Cairn.Store.Bundles;

/// <summary>Says what is wrong with a header that is not the one that had to come. Nothing of it is acted on.</summary>
internal static class TarFault
{
    /// <summary>Why a header is wrong.</summary>
    /// <param name="block">What stands there: a block, or what is left of the file.</param>
    /// <param name="expected">The entry that had to come; null for the end of the archive.</param>
    /// <param name="read">The entries before it.</param>
    /// <param name="known">Every entry that the archive may have, as far as that is known yet.</param>
    public static BundleException Explain(ReadOnlySpan<byte> block, string? expected, IReadOnlySet<string> read, IReadOnlySet<string> known)
    {
        if (block.Length < Ustar.BlockBytes || block.IndexOfAnyExcept((byte)0) < 0)
        {
            return new BundleException(DiagnosticCodes.BundleUnreadable, expected is null ? "The archive ends without its last two blocks" : read.Count == 0 ? "This is no bundle" : $"The archive ends before `{expected}`");
        }

        Span<byte> copy = stackalloc byte[Ustar.BlockBytes];
        block[..Ustar.BlockBytes].CopyTo(copy);
        Ustar.WriteChecksum(copy);
        if (!Digits(copy.Slice(148, 7)).SequenceEqual(Digits(block.Slice(148, 8))))
        {
            return new BundleException(DiagnosticCodes.BundleUnreadable, read.Count == 0 ? "This is no bundle: it does not begin as a tar archive does" : $"The header of the entry behind {Last(read)} is damaged");
        }

        var name = NameOf(block);
        if (Forbidden(block, name) is { } why)
        {
            return new BundleException(DiagnosticCodes.BundleEntryForbidden, $"The archive has {why}, which no bundle has");
        }

        if (read.Contains(name))
        {
            return new BundleException(DiagnosticCodes.BundleEntryTwice, $"The entry `{name}` stands in the archive twice");
        }

        if (name == expected)
        {
            return Digits(block.Slice(124, 12)) is var size && size.SequenceEqual(Digits(Ustar.OfPart("", 0).AsSpan(124, 12))) || size.IsEmpty
                ? new BundleException(DiagnosticCodes.BundleNotCanonical, $"The header of `{name}` is not written as bundles have it")
                : new BundleException(DiagnosticCodes.BundleNotCanonical, $"The header of `{name}` has another size than its descriptor, or is not written as bundles have it: mode 0644, no owner, no time");
        }

        return known.Contains(name) || expected is "oci-layout" or "index.json"
            ? new BundleException(DiagnosticCodes.BundleNotCanonical, $"The archive has `{name}` where `{expected ?? "its end"}` has to stand")
            : new BundleException(DiagnosticCodes.BundleUnreferenced, $"The archive has `{name}`, which nothing in it refers to");
    }

    private static string? Forbidden(ReadOnlySpan<byte> block, string name) => (char)block[156] switch
    {
        '0' or '\0' => name.StartsWith('/') || name.Split('/').Contains("..", StringComparer.Ordinal) ? $"the entry `{name}`, whose name leads elsewhere" : null,
        '1' => $"the hard link `{name}`",
        '2' => $"the symbolic link `{name}`",
        '3' or '4' or '6' => $"the device or pipe `{name}`",
        '5' => $"the folder `{name}`",
        'S' => $"the sparse file `{name}`",
        'x' or 'g' => "an extended header for what fits into a plain one, or with another size than its descriptor",
        'L' or 'K' => "a long name in the way of GNU tar",
        var other => $"an entry of the unknown type `{(char.IsAsciiLetterOrDigit(other) ? other : '?')}`",
    };

    private static string NameOf(ReadOnlySpan<byte> block)
    {
        var name = block[..100];
        var end = name.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
    }

    private static ReadOnlySpan<byte> Digits(ReadOnlySpan<byte> field) => field.Trim(" \0"u8).TrimStart((byte)'0');

    private static string Last(IReadOnlySet<string> read) => $"{read.Count} good {(read.Count == 1 ? "one" : "ones")}";
}
