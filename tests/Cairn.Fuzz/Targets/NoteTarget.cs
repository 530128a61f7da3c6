using System.Text;

using Cairn.Trust.Log;
using Cairn.Trust.Notes;
using Cairn.Trust.Verification;

namespace Cairn.Fuzz.Targets;

/// <summary>A signed note with a checkpoint in it, lines of cosignatures, what a witness is asked, and verifier keys.</summary>
internal sealed class NoteTarget : IFuzzTarget
{
    private const string Key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    private static readonly NoteVerifier Known = NoteVerifier.TryParse(Key, out _)!;

    public string Name => "note";

    public IReadOnlyList<string> Words { get; } =
    [
        "\n", "\n\n", "\u2014 ", "+", " ", "0", "01", "9223372036854775807", "PeterNeumann", "c74f20a3", "AQ==", "BA==", "Ag==", "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", Key, "\u00A0", "\r", "\t", "\u2028", "old ",
    ];

    public void Run(byte[] input)
    {
        if (SignedNote.TryParse(input, out var problem) is { } note)
        {
            InvariantException.Require(note.ToBytes().AsSpan().SequenceEqual(input), $"The note changes when it is written again");
            _ = Known.Check(note);
            if (Checkpoint.TryParse(note.Text, out problem) is { } checkpoint)
            {
                InvariantException.Require(checkpoint.ToText() == note.Text, $"The checkpoint changes when it is written again");
            }
            else
            {
                InvariantException.Require(problem is { Length: > 0 }, $"A checkpoint is refused without a reason");
            }

            foreach (var signature in note.Signatures)
            {
                _ = Cosignature.TryRead(signature)?.Time;
            }
        }
        else
        {
            InvariantException.Require(problem is { Length: > 0 }, $"A note is refused without a reason");
        }

        if (SignedNote.TryParseSignatures(input, out problem) is null)
        {
            InvariantException.Require(problem is { Length: > 0 }, $"Lines are refused without a reason");
        }

        if (AddCheckpoint.TryRead(input, out problem) is { } add)
        {
            InvariantException.Require(add.ToBytes().AsSpan().SequenceEqual(input), $"The request changes when it is written again");
            _ = WitnessAnswer.RefusalOf(add, LogTrust.None, out _, out _);
        }
        else
        {
            InvariantException.Require(problem is { Length: > 0 }, $"A request is refused without a reason");
        }

        foreach (var line in Encoding.UTF8.GetString(input).Split('\n'))
        {
            if (NoteVerifier.TryParse(line, out problem) is { } verifier)
            {
                InvariantException.Require(verifier.ToString() == line, $"The key changes when it is written again: {line}");
            }
            else
            {
                InvariantException.Require(problem is { Length: > 0 }, $"A key is refused without a reason");
            }
        }
    }
}
