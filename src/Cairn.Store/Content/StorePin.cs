using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Content;

/// <summary>What is never collected, under a name: blobs, trees with all that is in them, and entries of the action cache with all that they name.</summary>
/// <param name="Name">Letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; a letter or digit first, and not <c>.tmp</c> at the end.</param>
/// <param name="Blobs">The blobs.</param>
/// <param name="Actions">The hashes of the actions.</param>
public sealed record StorePin(string Name, ImmutableArray<Digest> Blobs, ImmutableArray<string> Actions)
{
    private const string BlobWord = "blob ";
    private const string ActionWord = "action ";
    private const string TreeWord = "tree ";

    /// <summary>Trees whose folders are blobs, too.</summary>
    public ImmutableArray<Digest> Trees { get; init; } = [];

    /// <summary>Whether a text can name a pin.</summary>
    public static bool IsName([NotNullWhen(true)] string? name)
    {
        if (name is not { Length: > 0 and <= Limits.PinNameCharsMax } || !char.IsAsciiLetterOrDigit(name[0]) || StoreScan.IsUnderConstruction(name))
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a text is the hash of an action or a blob.</summary>
    public static bool IsHash([NotNullWhen(true)] string? text) => text is { Length: BlobPath.HashChars } && BlobPath.TryParseName(text, stackalloc byte[Digest.HashBytes], out _);

    internal byte[] ToBytes()
    {
        var text = new StringBuilder();
        foreach (var blob in Blobs)
        {
            text.Append(BlobWord).Append(blob.ToString()).Append('\n');
        }

        foreach (var action in Actions)
        {
            text.Append(ActionWord).Append(action).Append('\n');
        }

        foreach (var tree in Trees)
        {
            text.Append(TreeWord).Append(tree.ToString()).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads a pin; null where there is none or it is damaged.</summary>
    internal static StorePin? TryRead(DirectoryHandle pins, string name)
    {
        using var file = IsName(name) ? pins.TryOpenFile(name) : null;
        var length = file is null ? 0 : RandomAccess.GetLength(file);
        if (file is null || length is 0 or > Limits.StoreFileBytesMax)
        {
            return null;
        }

        var bytes = new byte[length];
        var text = Encoding.UTF8.GetString(bytes, 0, BlobCalls.ReadAt((int)file.DangerousGetHandle(), bytes, 0));
        var blobs = ImmutableArray.CreateBuilder<Digest>();
        var actions = ImmutableArray.CreateBuilder<string>();
        var trees = ImmutableArray.CreateBuilder<Digest>();
        foreach (var line in text.AsSpan(0, Math.Max(0, text.Length - 1)).EnumerateLines())
        {
            if (line.StartsWith(BlobWord, StringComparison.Ordinal) && Digest.TryParse(line[BlobWord.Length..], null, out var blob))
            {
                blobs.Add(blob);
            }
            else if (line.StartsWith(TreeWord, StringComparison.Ordinal) && Digest.TryParse(line[TreeWord.Length..], null, out var tree))
            {
                trees.Add(tree);
            }
            else if (line.StartsWith(ActionWord, StringComparison.Ordinal) && IsHash(line[ActionWord.Length..].ToString()))
            {
                actions.Add(line[ActionWord.Length..].ToString());
            }
            else
            {
                return null;
            }
        }

        return text.EndsWith('\n') ? new StorePin(name, blobs.DrainToImmutable(), actions.DrainToImmutable()) { Trees = trees.DrainToImmutable() } : null;
    }
}
