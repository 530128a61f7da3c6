using System.Text.Json;

using Cairn.Core.Content;
using Cairn.Core.Dependencies;

namespace Cairn.Core.Sbom;

/// <summary>Writes CycloneDX 1.6. What something was built with is <c>excluded</c>: no part of what runs.</summary>
internal static class CycloneDxWriter
{
    private const string Schema = "http://cyclonedx.org/schema/bom-1.6.schema.json";
    private const string RoleProperty = "cairn:role";

    public static byte[] Write(SbomDocument bill) => SbomJson.Named((json, name) => Write(json, bill, name));

    private static void Write(Utf8JsonWriter json, SbomDocument bill, Digest name)
    {
        json.WriteStartObject();
        json.WriteString("$schema", Schema);
        json.WriteString("bomFormat", "CycloneDX");
        json.WriteString("specVersion", "1.6");
        json.WriteString("serialNumber", $"urn:uuid:{UuidOf(name)}");
        json.WriteNumber("version", 1);
        json.WriteStartObject("metadata");
        json.WriteString("timestamp", SbomJson.TimeOf(bill));
        json.WriteStartArray("lifecycles");
        json.WriteStartObject();
        json.WriteString("phase", "build");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("tools");
        json.WriteStartArray("components");
        json.WriteStartObject();
        json.WriteString("type", "application");
        json.WriteString("name", "cairn");
        json.WriteString("version", bill.ToolVersion);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WritePropertyName("component");
        Write(json, bill.Subject);
        json.WriteEndObject();
        json.WriteStartArray("components");
        foreach (var component in bill.Components)
        {
            Write(json, component);
        }

        json.WriteEndArray();
        WriteDependencies(json, bill);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SbomComponent component)
    {
        json.WriteStartObject();
        json.WriteString("type", component.Role switch
        {
            SbomRole.Output => "file",
            SbomRole.Package => "library",
            _ => "application",
        });
        json.WriteString("bom-ref", component.Id);
        json.WriteString("name", component.Name);
        if (component.Version is { Length: > 0 } version)
        {
            json.WriteString("version", version);
        }

        if (component.Role is not (SbomRole.Subject or SbomRole.Output))
        {
            json.WriteString("scope", component.Scope switch
            {
                DependencyScope.Runtime => "required",
                DependencyScope.Optional => "optional",
                _ => "excluded",
            });
        }

        WriteHashes(json, SbomJson.OwnHashes(component));
        WriteLicense(json, component.License);
        if (component.Purl is { } purl)
        {
            json.WriteString("purl", purl);
        }

        WriteFiles(json, component);
        json.WriteStartArray("properties");
        json.WriteStartObject();
        json.WriteString("name", RoleProperty);
        json.WriteString("value", WordOf(component.Role));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteHashes(Utf8JsonWriter json, IEnumerable<PackageHash> hashes)
    {
        var known = hashes.Select(static h => (Algorithm: AlgorithmOf(h.Algorithm), h.Value)).Where(static h => h.Algorithm is not null).ToArray();
        if (known.Length == 0)
        {
            return;
        }

        json.WriteStartArray("hashes");
        foreach (var (algorithm, value) in known)
        {
            json.WriteStartObject();
            json.WriteString("alg", algorithm);
            json.WriteString("content", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLicense(Utf8JsonWriter json, string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        var license = LicenseExpression.Read(text);
        json.WriteStartArray("licenses");
        json.WriteStartObject();
        if (license is { IsSpdx: true, IsSingle: false })
        {
            json.WriteString("expression", license.Text);
        }
        else
        {
            json.WriteStartObject("license");
            json.WriteString(license.IsSpdx ? "id" : "name", license.Text);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndArray();
    }

    /// <summary>The files that a package can consist of: one is installed, and the lock file does not say which.</summary>
    private static void WriteFiles(Utf8JsonWriter json, SbomComponent component)
    {
        var own = SbomJson.OwnHashes(component).ToHashSet();
        var files = component.Hashes.Where(h => h.File is not null && !own.Contains(h)).GroupBy(static h => h.File!, StringComparer.Ordinal).ToArray();
        if (files.Length == 0)
        {
            return;
        }

        json.WriteStartArray("externalReferences");
        foreach (var file in files)
        {
            json.WriteStartObject();
            json.WriteString("type", "distribution");
            json.WriteString("url", Uri.EscapeDataString(file.Key));
            WriteHashes(json, file);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteDependencies(Utf8JsonWriter json, SbomDocument bill)
    {
        var needs = bill.Relations.Where(static r => r.Kind != SbomRelationKind.BuiltWith).ToLookup(static r => r.From, static r => r.To, StringComparer.Ordinal);
        json.WriteStartArray("dependencies");
        foreach (var id in bill.Components.Select(static c => c.Id).Append(bill.Subject.Id).Order(StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("ref", id);
            if (needs.Contains(id))
            {
                json.WriteStartArray("dependsOn");
                foreach (var need in needs[id].Distinct(StringComparer.Ordinal))
                {
                    json.WriteStringValue(need);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>A UUID of version 8 (RFC 9562) of a digest.</summary>
    private static string UuidOf(Digest digest)
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        digest.CopyHashTo(hash);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        var text = Convert.ToHexStringLower(hash[..16]);
        return $"{text[..8]}-{text[8..12]}-{text[12..16]}-{text[16..20]}-{text[20..]}";
    }

    private static string? AlgorithmOf(string algorithm) => algorithm switch
    {
        "md5" => "MD5",
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        "sha384" => "SHA-384",
        "sha512" => "SHA-512",
        _ => null,
    };

    private static string WordOf(SbomRole role) => role switch
    {
        SbomRole.Subject => "subject",
        SbomRole.Output => "output",
        SbomRole.Project => "project",
        SbomRole.Package => "package",
        _ => "toolchain",
    };
}
