using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;
using Cairn.Tests.Actions;
using Cairn.Trust.Keys;
using Cairn.Trust.Verification.Reading;

namespace Cairn.Tests.Trust;

/// <summary>Trust stores for tests: key n is the one of <see cref="TestSeal.Key"/>.</summary>
internal static class TrustTesting
{
    public static PublicKey Public(byte number)
    {
        using var key = TestSeal.Key(number);
        return key.PublicKey;
    }

    /// <summary>Its <c>SubjectPublicKeyInfo</c> in base64.</summary>
    public static string Base64(byte number) => Convert.ToBase64String(Public(number).Spki.AsSpan());

    /// <summary>Reads; what is wrong comes as lines of code, place and message.</summary>
    public static (TrustFile? File, string[] Mistakes) Read(string yaml, Func<string, byte[]?>? file = null)
    {
        var bag = new DiagnosticBag();
        var read = TrustFileReader.Read(new SourceText("trust.yaml", yaml), file ?? (static _ => null), bag);
        return (read, [.. bag.ToSorted().Select(static d => $"{d.Code} {d.Span.Line}:{d.Span.Column} {d.Message}{(d.Suggestion is null ? "" : " / " + d.Suggestion)}")]);
    }

    public static TrustFile Good(string yaml, Func<string, byte[]?>? file = null)
    {
        var (read, mistakes) = Read(yaml, file);
        Assert.True(read is not null, string.Join('\n', mistakes));
        return read;
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
