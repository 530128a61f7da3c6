using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Trust.Json;
using Cairn.Trust.Notes;

namespace Cairn.Trust.Log;

/// <summary>A proof that needs no network: where a leaf stands, the way to the root, and the checkpoint with that root (C2SP tlog-proof). Usual ending: <c>.tlog-proof</c>.</summary>
/// <param name="Inclusion">The way to the root.</param>
/// <param name="Checkpoint">What the note says.</param>
/// <param name="Note">The checkpoint as it was signed.</param>
public sealed record TlogProof(InclusionProof Inclusion, Checkpoint Checkpoint, SignedNote Note)
{
    /// <summary>How a file of one ends.</summary>
    public const string Ending = ".tlog-proof";

    private const string Head = "c2sp.org/tlog-proof@v1";
    private const string ExtraName = "extra ";
    private const string IndexName = "index ";

    /// <summary>What somebody wrote beside; nothing vouches for it. Ours have none.</summary>
    public ImmutableArray<byte> Extra { get; init; } = [];

    /// <summary>Makes one. Throws where the note is no checkpoint of the size of the proof.</summary>
    public static TlogProof Of(InclusionProof inclusion, SignedNote note)
    {
        ArgumentNullException.ThrowIfNull(inclusion);
        ArgumentNullException.ThrowIfNull(note);
        var checkpoint = Checkpoint.TryParse(note.Text, out var problem) ?? throw new ArgumentException($"The note is no checkpoint: {problem}", nameof(note));
        return checkpoint.Size == inclusion.Size ? new TlogProof(inclusion, checkpoint, note) : throw new ArgumentException("The proof is for another size", nameof(inclusion));
    }

    /// <summary>The file.</summary>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(Head).Append('\n');
        if (!Extra.IsDefaultOrEmpty)
        {
            text.Append(ExtraName).Append(Convert.ToBase64String(Extra.AsSpan())).Append('\n');
        }

        text.Append(IndexName).Append(CultureInfo.InvariantCulture, $"{Inclusion.Index}").Append('\n');
        foreach (var hash in Inclusion.Path)
        {
            text.Append(hash.ToBase64()).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.Append('\n').Append(Note).ToString());
    }

    /// <summary>Reads a file; null, with the reason, where it is none.</summary>
    public static TlogProof? TryRead(ReadOnlySpan<byte> bytes, out string? problem)
    {
        if (bytes.Length > Limits.TlogProofBytesMax)
        {
            problem = $"it has more than {Limits.TlogProofBytesMax >> 10} KiB";
            return null;
        }

        if (!TryLine(ref bytes, out var line) || line != Head)
        {
            problem = $"its first line is not `{Head}`";
            return null;
        }

        ImmutableArray<byte> extra = [];
        if (TryLine(ref bytes, out line) && line.StartsWith(ExtraName, StringComparison.Ordinal))
        {
            if (StrictBase64.TryRead(line[ExtraName.Length..]) is not { } read)
            {
                problem = "its `extra` is no canonical base64";
                return null;
            }

            extra = read;
            _ = TryLine(ref bytes, out line);
        }

        if (!line.StartsWith(IndexName, StringComparison.Ordinal) || Checkpoint.TryParseSize(line[IndexName.Length..]) is not { } index)
        {
            problem = "it has no `index`";
            return null;
        }

        var path = ImmutableArray.CreateBuilder<MerkleHash>();
        while (TryLine(ref bytes, out line) && line.Length > 0)
        {
            if (path.Count == Limits.ProofHashesMax || MerkleHash.TryRead(line) is not { } hash)
            {
                problem = $"line {path.Count + 1} of its proof is no hash in base64, or there are more than {Limits.ProofHashesMax}";
                return null;
            }

            path.Add(hash);
        }

        if (SignedNote.TryParse(bytes, out problem) is not { } note || Checkpoint.TryParse(note.Text, out problem) is not { } checkpoint)
        {
            problem = $"its checkpoint is none: {problem}";
            return null;
        }

        problem = index < checkpoint.Size ? null : "its index is beyond the size of its checkpoint";
        return problem is null ? new TlogProof(new InclusionProof(index, checkpoint.Size, path.DrainToImmutable()), checkpoint, note) { Extra = extra } : null;
    }

    /// <summary>Why it does not prove that a leaf stands in the log of a key; null where it does.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="origin">The origin of the log; null for any whose checkpoint the key signed.</param>
    /// <param name="key">A key of the log.</param>
    public string? ProblemFor(in MerkleHash leaf, string? origin, NoteVerifier key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (origin is not null && Checkpoint.Origin != origin)
        {
            return $"it is of another log, `{Checkpoint.Origin}`";
        }

        return key.Check(Note) switch
        {
            NoteVerdict.Absent => $"the key `{key.Name}` did not sign its checkpoint",
            NoteVerdict.Forged => $"a signature of its checkpoint says that it is of the key `{key.Name}`, and is not",
            _ => Inclusion.Verifies(leaf, MerkleHash.Read(Checkpoint.Root.AsSpan())) ? null : "the way from the leaf does not lead to the root of its checkpoint",
        };
    }

    private static bool TryLine(ref ReadOnlySpan<byte> bytes, out string line)
    {
        var end = bytes.IndexOf((byte)'\n');
        line = end < 0 ? "" : Encoding.Latin1.GetString(bytes[..end]);
        bytes = end < 0 ? bytes : bytes[(end + 1)..];
        return end >= 0;
    }
}
