using System.Text;
using System.Text.Json;

using Cairn.Core.Content;

namespace Cairn.Core.Sbom;

/// <summary>Writes SPDX 2.3. Files that were made are packages of the purpose <c>FILE</c>: SPDX's own files must have a SHA-1, which nobody should rely on.</summary>
internal static class SpdxWriter
{
    private const string Document = "SPDXRef-DOCUMENT";
    private const string Namespace = "https://cairn.build/spdx/";
    private const string Unknown = "NOASSERTION";
    private const int LicenseChars = 16;

    public static byte[] Write(SbomDocument bill) => SbomJson.Named((json, name) => Write(json, bill, name));

    private static void Write(Utf8JsonWriter json, SbomDocument bill, Digest name)
    {
        json.WriteStartObject();
        json.WriteString("spdxVersion", "SPDX-2.3");
        json.WriteString("dataLicense", "CC0-1.0");
        json.WriteString("SPDXID", Document);
        json.WriteString("name", bill.Subject.Name);
        json.WriteString("documentNamespace", Namespace + name.Hash);
        json.WriteStartObject("creationInfo");
        json.WriteString("created", SbomJson.TimeOf(bill));
        json.WriteStartArray("creators");
        json.WriteStringValue($"Tool: cairn-{bill.ToolVersion}");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("packages");
        var others = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Write(json, bill.Subject, others);
        foreach (var component in bill.Components)
        {
            Write(json, component, others);
        }

        json.WriteEndArray();
        WriteLicenses(json, others);
        json.WriteStartArray("relationships");
        Write(json, Document, "DESCRIBES", RefOf(bill.Subject.Id));
        foreach (var relation in bill.Relations)
        {
            var (from, to) = (RefOf(relation.From), RefOf(relation.To));
            switch (relation.Kind)
            {
                case SbomRelationKind.Contains:
                    Write(json, from, "CONTAINS", to);
                    break;
                case SbomRelationKind.DependsOn:
                    Write(json, from, "DEPENDS_ON", to);
                    break;
                case SbomRelationKind.DependsOptionallyOn:
                    Write(json, to, "OPTIONAL_DEPENDENCY_OF", from);
                    break;
                case SbomRelationKind.DependsForDevelopmentOn:
                    Write(json, to, "DEV_DEPENDENCY_OF", from);
                    break;
                case SbomRelationKind.BuiltWith:
                    Write(json, to, "BUILD_TOOL_OF", from);
                    break;
                default:
                    throw new InvalidOperationException($"There is no relation {relation.Kind}");
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SbomComponent component, SortedDictionary<string, string> others)
    {
        json.WriteStartObject();
        json.WriteString("SPDXID", RefOf(component.Id));
        json.WriteString("name", component.Name);
        if (component.Version is { Length: > 0 } version)
        {
            json.WriteString("versionInfo", version);
        }

        json.WriteString("downloadLocation", Unknown);
        json.WriteBoolean("filesAnalyzed", false);
        WriteHashes(json, component);
        json.WriteString("licenseConcluded", Unknown);
        json.WriteString("licenseDeclared", LicenseOf(component.License, others));
        json.WriteString("copyrightText", Unknown);
        if (component.Purl is { } purl)
        {
            json.WriteStartArray("externalRefs");
            json.WriteStartObject();
            json.WriteString("referenceCategory", "PACKAGE-MANAGER");
            json.WriteString("referenceType", "purl");
            json.WriteString("referenceLocator", purl);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteString("primaryPackagePurpose", component.Role switch
        {
            SbomRole.Output => "FILE",
            SbomRole.Package => "LIBRARY",
            _ => "APPLICATION",
        });
        json.WriteEndObject();
    }

    private static void WriteHashes(Utf8JsonWriter json, SbomComponent component)
    {
        var known = SbomJson.OwnHashes(component).Where(static h => h.Algorithm is "md5" or "sha1" or "sha224" or "sha256" or "sha384" or "sha512").ToArray();
        if (known.Length == 0)
        {
            return;
        }

        json.WriteStartArray("checksums");
        foreach (var hash in known)
        {
            json.WriteStartObject();
            json.WriteString("algorithm", hash.Algorithm.ToUpperInvariant());
            json.WriteString("checksumValue", hash.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>An expression; for a licence that SPDX does not know a name within the document.</summary>
    private static string LicenseOf(string? text, SortedDictionary<string, string> others)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Unknown;
        }

        var license = LicenseExpression.Read(text);
        if (license.IsSpdx)
        {
            return license.Text;
        }

        var name = $"LicenseRef-{Digest.Of(Encoding.UTF8.GetBytes(license.Text)).Hash[..LicenseChars]}";
        others[name] = license.Text;
        return name;
    }

    private static void WriteLicenses(Utf8JsonWriter json, SortedDictionary<string, string> others)
    {
        if (others.Count == 0)
        {
            return;
        }

        json.WriteStartArray("hasExtractedLicensingInfos");
        foreach (var (name, text) in others)
        {
            json.WriteStartObject();
            json.WriteString("licenseId", name);
            json.WriteString("extractedText", text);
            json.WriteString("name", text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string from, string relation, string to)
    {
        json.WriteStartObject();
        json.WriteString("spdxElementId", from);
        json.WriteString("relationshipType", relation);
        json.WriteString("relatedSpdxElement", to);
        json.WriteEndObject();
    }

    private static string RefOf(string id) => $"SPDXRef-{id}";
}
