using Cairn.Trust.Json;

namespace Cairn.Trust.Statements;

/// <summary>
/// Links and layouts of in-toto before its attestations: a JSON object with <c>signed</c> and <c>signatures</c>, or the payload of a DSSE envelope. They are told apart so that whoever has one learns what it is; what
/// they say only counts beside the layout that their owner signed, which is the business of in-toto's own verifier.
/// </summary>
public static class LinkFile
{
    private const string Signed = "signed";

    /// <summary>Why a link or a layout, by itself or in its signed envelope, is not taken for a statement; null for any other document.</summary>
    public static string? ProblemOf(JsonValue.Object document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var inner = document[Signed] is JsonValue.Object signed && document["signatures"] is JsonValue.List ? signed : document;
        return inner.TextOf("_type") switch
        {
            "link" => "it is an in-toto link, which counts only beside a layout: `in-toto-verify` holds it against that. For Cairn let its signer make a statement of it, of the predicate type `https://in-toto.io/Link/v1`",
            "layout" => "it is an in-toto layout, which says who must do what: `in-toto-verify` holds links against it. Here a policy says that, and `trust.yaml` whose keys count",
            _ => null,
        };
    }

    /// <summary>Whether a file begins like one in its signed envelope.</summary>
    public static bool MayBe(ReadOnlySpan<byte> head)
    {
        if (head.IndexOf("\"signed\""u8) < 0)
        {
            return false;
        }

        for (var at = head.IndexOf("\"_type\""u8); at >= 0;)
        {
            head = head[(at + "\"_type\""u8.Length)..];
            var value = head.TrimStart(" \t\r\n:"u8);
            if (value.StartsWith("\"link\""u8) || value.StartsWith("\"layout\""u8))
            {
                return true;
            }

            at = head.IndexOf("\"_type\""u8);
        }

        return false;
    }
}
