using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;

namespace Cairn.Core.Sbom;

/// <summary>The forms of bills of materials that Cairn writes.</summary>
public enum SbomFormat
{
    /// <summary>CycloneDX 1.6 as JSON.</summary>
    CycloneDx,

    /// <summary>SPDX 2.3 as JSON.</summary>
    Spdx,
}

/// <summary>What the forms have in common: one content, one time and one program give one sequence of bytes.</summary>
public static class SbomJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a bill.</summary>
    public static byte[] Write(SbomDocument bill, SbomFormat format)
    {
        ArgumentNullException.ThrowIfNull(bill);
        return format == SbomFormat.CycloneDx ? CycloneDxWriter.Write(bill) : SpdxWriter.Write(bill);
    }

    /// <summary>The predicate type of a form in statements.</summary>
    public static string PredicateTypeOf(SbomFormat format) => format == SbomFormat.CycloneDx ? "https://cyclonedx.org/bom" : "https://spdx.dev/Document";

    /// <summary>The media type of a form.</summary>
    public static string MediaTypeOf(SbomFormat format) => format == SbomFormat.CycloneDx ? "application/vnd.cyclonedx+json" : "application/spdx+json";

    /// <summary>Writes twice: the name of the document follows from all that is in it but the name.</summary>
    internal static byte[] Named(Action<Utf8JsonWriter, Digest> write) => Once(write, Digest.Of(Once(write, Digest.Empty)));

    /// <summary>A time as both forms have it.</summary>
    internal static string TimeOf(SbomDocument bill) => bill.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The digests of a component itself: those of one file that it may consist of beside others are not its own.</summary>
    internal static IEnumerable<PackageHash> OwnHashes(SbomComponent component)
    {
        var isOneFile = component.Hashes.Select(static h => h.File).Distinct(StringComparer.Ordinal).Take(2).Count() < 2;
        return component.Hashes.Where(h => h.File is null || isOneFile).DistinctBy(static h => (h.Algorithm, h.Value));
    }

    private static byte[] Once(Action<Utf8JsonWriter, Digest> write, Digest name)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json, name);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
