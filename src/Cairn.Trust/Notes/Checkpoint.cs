using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Trust.Json;

namespace Cairn.Trust.Notes;

/// <summary>What a log says of itself (C2SP tlog-checkpoint): the text of a signed note.</summary>
/// <param name="Origin">Which log it is.</param>
/// <param name="Size">How many entries it has.</param>
/// <param name="Root">The root of their Merkle tree, 32 bytes.</param>
public sealed record Checkpoint(string Origin, long Size, ImmutableArray<byte> Root)
{
    /// <summary>The length of a root, in bytes.</summary>
    public const int RootBytes = 32;

    private const int LinesMin = 3;

    /// <summary>Lines after these three, whose meaning nobody here knows.</summary>
    public ImmutableArray<string> Extensions { get; init; } = [];

    /// <summary>Reads the text of a note; null where it is refused, with the reason.</summary>
    public static Checkpoint? TryParse(string text, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > Limits.NoteBytesMax || !text.EndsWith('\n') || text[..^1].Split('\n') is not { Length: >= LinesMin and <= LinesMin + Limits.CheckpointExtensionsMax } lines)
        {
            problem = $"its text has not {LinesMin} to {LinesMin + Limits.CheckpointExtensionsMax} lines";
            return null;
        }

        if (Array.Exists(lines, static line => line.Length == 0) || lines[0].Length > Limits.NoteNameCharactersMax)
        {
            problem = "a line of its text is empty, or its origin too long";
            return null;
        }

        if (TryParseSize(lines[1]) is not { } size)
        {
            problem = "its second line is no size";
            return null;
        }

        if (StrictBase64.TryRead(lines[2]) is not { Length: RootBytes } root)
        {
            problem = "its third line is no root hash in base64";
            return null;
        }

        problem = null;
        return new Checkpoint(lines[0], size, root) { Extensions = [.. lines[LinesMin..]] };
    }

    /// <summary>Reads a size of a tree: decimal, without leading zeroes.</summary>
    public static long? TryParseSize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text is "0" || (text.Length > 0 && text[0] is >= '1' and <= '9')
            ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : null
            : null;
    }

    /// <summary>The text of the note.</summary>
    public string ToText()
    {
        var text = new StringBuilder(Origin).Append('\n').Append(CultureInfo.InvariantCulture, $"{Size}\n").Append(StrictBase64.Write(Root.AsSpan())).Append('\n');
        foreach (var line in Extensions)
        {
            text.Append(line).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The note of this checkpoint, signed by each of some keys.</summary>
    public SignedNote Sign(ReadOnlySpan<NoteSigner> signers, DateTimeOffset now)
    {
        var text = ToText();
        var signatures = ImmutableArray.CreateBuilder<NoteSignature>(signers.Length);
        foreach (var signer in signers)
        {
            signatures.Add(signer.Sign(text, now));
        }

        return new SignedNote(text, signatures.MoveToImmutable());
    }

    /// <summary>Whether it says the same of the same log.</summary>
    public bool Equals(Checkpoint? other) =>
        other is not null && Origin == other.Origin && Size == other.Size && Root.AsSpan().SequenceEqual(other.Root.AsSpan()) && Extensions.AsSpan().SequenceEqual(other.Extensions.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Size);
}
