using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>The name under which OpenSSL looks a certificate up in a folder: a hash of its subject, written alike whatever case and spaces it has.</summary>
internal static class CertificateName
{
    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);

    /// <summary>The hash of the first certificate of a PEM file; null where there is none that can be read.</summary>
    public static string? TryHash(ReadOnlySpan<byte> pem)
    {
        try
        {
            var text = Encoding.ASCII.GetString(pem);
            var fields = PemEncoding.Find(text);
            var certificate = new AsnReader(Convert.FromBase64String(text[fields.Base64Data]), AsnEncodingRules.DER).ReadSequence().ReadSequence();
            if (certificate.PeekTag().HasSameClassAndValue(Context0))
            {
                // The version.
                _ = certificate.ReadEncodedValue();
            }

            // Serial number, algorithm, issuer, validity.
            for (var i = 0; i < 4; i++)
            {
                _ = certificate.ReadEncodedValue();
            }

            return Hash(certificate.ReadSequence());
        }
        catch (Exception exception) when (exception is AsnContentException or ArgumentException or FormatException)
        {
            return null;
        }
    }

    [SuppressMessage("Security", "CA5350", Justification = "OpenSSL names certificates by it; nothing relies on it")]
    private static string Hash(AsnReader subject)
    {
        var canonical = new MemoryStream();
        while (subject.HasData)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSetOf())
            {
                var set = subject.ReadSetOf();
                while (set.HasData)
                {
                    var attribute = set.ReadSequence();
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(attribute.ReadObjectIdentifier());
                        Copy(attribute, writer);
                    }
                }
            }

            canonical.Write(writer.Encode());
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(SHA1.HashData(canonical.ToArray())).ToString("x8", CultureInfo.InvariantCulture);
    }

    private static void Copy(AsnReader attribute, AsnWriter writer)
    {
        var tag = attribute.PeekTag();
        if (tag is { TagClass: TagClass.Universal } && (UniversalTagNumber)tag.TagValue is var number
            && number is UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.T61String or UniversalTagNumber.IA5String or UniversalTagNumber.BMPString or UniversalTagNumber.VisibleString)
        {
            writer.WriteCharacterString(UniversalTagNumber.UTF8String, Canonical(attribute.ReadCharacterString((UniversalTagNumber)tag.TagValue)));
        }
        else
        {
            writer.WriteEncodedValue(attribute.ReadEncodedValue().Span);
        }
    }

    private static string Canonical(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text.Trim(' ', '\t', '\n', '\r', '\f', '\v'))
        {
            var isSpace = c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v';
            if (!isSpace || result[^1] != ' ')
            {
                result.Append(isSpace ? ' ' : char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c);
            }
        }

        return result.ToString();
    }
}
