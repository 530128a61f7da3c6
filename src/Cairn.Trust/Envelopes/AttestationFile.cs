using System.Collections.Immutable;
using System.Globalization;

using Cairn.Trust.Json;
using Cairn.Trust.Statements;

namespace Cairn.Trust.Envelopes;

/// <summary>Something signed that was found in a file.</summary>
/// <param name="Where">The file, and the line where there are several.</param>
/// <param name="Envelope">The signed document; null where <see cref="Message"/> is there.</param>
/// <param name="Bundle">The Sigstore bundle around it; null where there is none.</param>
public sealed record FoundAttestation(string Where, Envelope? Envelope, SigstoreBundle? Bundle)
{
    /// <summary>The signature over an artifact; null where <see cref="Envelope"/> is there.</summary>
    public MessageSignature? Message => Bundle?.Message;
}

/// <summary>Something that was refused before any signature was looked at.</summary>
/// <param name="Where">The file, and the line where there are several.</param>
/// <param name="Problem">Why.</param>
public sealed record RefusedAttestation(string Where, string Problem);

/// <summary>What a file holds: one DSSE envelope, one Sigstore bundle, or several of these, one on each line (<c>.jsonl</c>).</summary>
/// <param name="Found">What is signed.</param>
/// <param name="Refused">What was refused.</param>
public sealed record AttestationFile(ImmutableArray<FoundAttestation> Found, ImmutableArray<RefusedAttestation> Refused)
{
    /// <summary>How many attestations a file may hold.</summary>
    public const int LinesMax = 10_000;

    /// <summary>Reads a file. Whatever it holds, the answer is what was found and what was refused.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="content">Its bytes.</param>
    public static AttestationFile Read(string file, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(file);
        var found = ImmutableArray.CreateBuilder<FoundAttestation>();
        var refused = ImmutableArray.CreateBuilder<RefusedAttestation>();
        if (content.Length > Limits.EnvelopeBytesMax)
        {
            refused.Add(new RefusedAttestation(file, $"it has more than {Limits.EnvelopeBytesMax >> 20} MiB"));
        }
        else if (IsLines(content))
        {
            ReadLines(file, content, found, refused);
        }
        else
        {
            Add(file, content, found, refused);
        }

        return new AttestationFile(found.DrainToImmutable(), refused.DrainToImmutable());
    }

    /// <summary>Whether what a file begins with could be an attestation: an artifact is told apart without reading it whole.</summary>
    public static bool MayBe(ReadOnlySpan<byte> head)
    {
        var text = head.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] != (byte)'{')
        {
            return false;
        }

        // What Cairn writes begins with the payload, behind which the rest may be far away.
        return text[1..].TrimStart(" \t\r\n"u8).StartsWith("\"payload\""u8) || head.IndexOf("\"payloadType\""u8) >= 0 || head.IndexOf("application/vnd.dev.sigstore.bundle"u8) >= 0
            || LinkFile.MayBe(head);
    }

    // Each line is an object of its own: the first one ends where the line does, and there is another.
    private static bool IsLines(ReadOnlySpan<byte> content)
    {
        var end = content.IndexOf((byte)'\n');
        return end > 0 && content[..end].TrimEnd(" \t\r"u8) is [(byte)'{', .., (byte)'}'] && content[end..].IndexOf((byte)'{') >= 0;
    }

    private static void ReadLines(string file, ReadOnlySpan<byte> content, ImmutableArray<FoundAttestation>.Builder found, ImmutableArray<RefusedAttestation>.Builder refused)
    {
        var number = 0;
        while (!content.IsEmpty)
        {
            var end = content.IndexOf((byte)'\n');
            var line = (end < 0 ? content : content[..end]).Trim(" \t\r"u8);
            content = end < 0 ? [] : content[(end + 1)..];
            if (++number > LinesMax)
            {
                refused.Add(new RefusedAttestation(file, $"it has more than {LinesMax} lines"));
                return;
            }

            if (!line.IsEmpty)
            {
                Add(string.Create(CultureInfo.InvariantCulture, $"{file}:{number}"), line, found, refused);
            }
        }
    }

    private static void Add(string where, ReadOnlySpan<byte> json, ImmutableArray<FoundAttestation>.Builder found, ImmutableArray<RefusedAttestation>.Builder refused)
    {
        if (StrictJson.TryRead(json, out var problem) is not { } value)
        {
            refused.Add(new RefusedAttestation(where, problem!));
        }
        else if (value is JsonValue.Object document && SigstoreBundle.Is(document))
        {
            if (SigstoreBundle.TryRead(document, out problem) is { } bundle)
            {
                found.Add(new FoundAttestation(where, bundle.Envelope, bundle));
            }
            else
            {
                refused.Add(new RefusedAttestation(where, problem!));
            }
        }
        else if (value is JsonValue.Object other && LinkFile.ProblemOf(other) is { } link)
        {
            refused.Add(new RefusedAttestation(where, link));
        }
        else if (Envelope.TryRead(value, out problem) is { } envelope)
        {
            found.Add(new FoundAttestation(where, envelope, null));
        }
        else
        {
            refused.Add(new RefusedAttestation(where, problem!));
        }
    }
}
