using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

using Cairn.Trust.Json;

namespace Cairn.Trust.Notes;

/// <summary>A signed note (C2SP signed-note): a text, and lines of signatures over it. Nothing in it is true before a <see cref="NoteVerifier"/> says so.</summary>
/// <param name="Text">What is signed; it ends with a line feed.</param>
/// <param name="Signatures">The signatures, at least one, those of unknown kinds among them.</param>
public sealed record SignedNote(string Text, ImmutableArray<NoteSignature> Signatures)
{
    /// <summary>The media type of notes.</summary>
    public const string MediaType = "text/plain; charset=utf-8";

    /// <summary>Reads a note; null where it is refused, with the reason.</summary>
    public static SignedNote? TryParse(ReadOnlySpan<byte> bytes, out string? problem)
    {
        if (bytes.Length > Limits.NoteBytesMax)
        {
            problem = $"it has more than {Limits.NoteBytesMax >> 10} KiB";
            return null;
        }

        // The text may have empty lines of its own: the last one divides.
        var divide = bytes.LastIndexOf("\n\n"u8);
        if (divide < 0)
        {
            problem = "no empty line divides text and signatures";
            return null;
        }

        if (ReadText(bytes[..(divide + 1)], out problem) is not { } text || TryParseSignatures(bytes[(divide + 2)..], out problem) is not { } signatures)
        {
            return null;
        }

        problem = signatures.IsEmpty ? "it has no signature" : null;
        return problem is null ? new SignedNote(text, signatures) : null;
    }

    /// <summary>Reads lines of signatures without their text, as a witness answers; there may be none.</summary>
    public static ImmutableArray<NoteSignature>? TryParseSignatures(ReadOnlySpan<byte> bytes, out string? problem)
    {
        if (bytes.Length > Limits.NoteBytesMax || ReadText(bytes, out problem) is not { } text)
        {
            problem = $"it is not UTF-8 of {Limits.NoteBytesMax >> 10} KiB at most without control characters";
            return null;
        }

        var signatures = ImmutableArray.CreateBuilder<NoteSignature>();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at);
            if (signatures.Count == Limits.NoteSignaturesMax)
            {
                problem = $"it has more than {Limits.NoteSignaturesMax} signatures";
                return null;
            }

            if (end < 0 || NoteSignature.TryParse(text[at..end]) is not { } signature)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"line {signatures.Count + 1} of its signatures is none");
                return null;
            }

            signatures.Add(signature);
            at = end + 1;
        }

        return signatures.DrainToImmutable();
    }

    /// <summary>The note as it is written.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(ToString());

    /// <summary>The same note with one more signature; one that is there already is not added again.</summary>
    public SignedNote With(NoteSignature signature)
    {
        ArgumentNullException.ThrowIfNull(signature);
        return Signatures.Contains(signature) ? this : this with { Signatures = Signatures.Add(signature) };
    }

    /// <summary>The note as it is written.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
        {
            text.Append(signature.ToString()).Append('\n');
        }

        return text.ToString();
    }

    private static string? ReadText(ReadOnlySpan<byte> bytes, out string? problem)
    {
        foreach (var b in bytes)
        {
            if (b < (byte)' ' && b != (byte)'\n')
            {
                problem = "it has a control character";
                return null;
            }
        }

        problem = Utf8.IsValid(bytes) ? null : "it is not UTF-8";
        return problem is null ? Encoding.UTF8.GetString(bytes) : null;
    }
}

/// <summary>A signature line of a note.</summary>
/// <param name="Name">The name of the key.</param>
/// <param name="KeyId">Four bytes by which the key is found, big-endian. With the name it says which key is meant; neither is evidence.</param>
/// <param name="Bytes">What the key made of the text; for a cosignature with its time before it.</param>
public sealed record NoteSignature(string Name, uint KeyId, ImmutableArray<byte> Bytes)
{
    private const string Head = "\u2014 ";
    private const int KeyIdBytes = 4;

    /// <summary>Reads a line, without its end; null where it is none.</summary>
    public static NoteSignature? TryParse(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        var space = line.IndexOf(' ', Math.Min(Head.Length, line.Length));
        if (!line.StartsWith(Head, StringComparison.Ordinal) || space < 0 || !IsName(line[Head.Length..space]))
        {
            return null;
        }

        return StrictBase64.TryRead(line[(space + 1)..]) is { Length: > KeyIdBytes } bytes
            ? new NoteSignature(line[Head.Length..space], System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan()), bytes[KeyIdBytes..])
            : null;
    }

    /// <summary>Whether a text can be a key's name: not empty, no spaces of any alphabet, no plus.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        foreach (var c in name)
        {
            if (c == '+' || char.IsWhiteSpace(c) || char.IsControl(c) || c == '\uFFFD')
            {
                return false;
            }
        }

        return name.Length is > 0 and <= Limits.NoteNameCharactersMax;
    }

    /// <inheritdoc/>
    public bool Equals(NoteSignature? other) => other is not null && Name == other.Name && KeyId == other.KeyId && Bytes.AsSpan().SequenceEqual(other.Bytes.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, KeyId);

    /// <summary>The line as it is written, without its end.</summary>
    public override string ToString()
    {
        var bytes = new byte[KeyIdBytes + Bytes.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Bytes.AsSpan().CopyTo(bytes.AsSpan(KeyIdBytes));
        return $"{Head}{Name} {StrictBase64.Write(bytes)}";
    }
}
