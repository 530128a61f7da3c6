using System.Text.Json;

using Cairn.Core.Toolchains;

namespace Cairn.Cli.Commands;

/// <summary>A locked toolchain as JSON: what attestations name of it among the rest.</summary>
internal static class ToolchainJson
{
    public static void Write(Utf8JsonWriter json, LockedToolchain locked)
    {
        json.WriteStartObject();
        json.WriteString("name", locked.Name);
        json.WriteString("kind", locked.Kind);
        json.WriteString("from", locked.Origin);
        json.WriteBoolean("hermetic", locked.IsHermetic);
        json.WriteString("architecture", locked.Architecture);
        json.WriteString("layout", locked.Layout);
        json.WriteString("tree", locked.Tree.ToString());
        if (locked is LockedDebian debian)
        {
            WriteDebian(json, debian);
        }

        json.WriteStartArray("parts");
        foreach (var part in locked.Parts)
        {
            json.WriteStartObject();
            json.WriteString("what", part.What);
            json.WriteString("from", part.Source);
            json.WriteString("digest", part.Digest.ToString());
            json.WriteBoolean("evidence", part.IsEvidence);
            if (part.PackageUrl is { } url)
            {
                json.WriteString("purl", url);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteDebian(Utf8JsonWriter json, LockedDebian locked)
    {
        json.WriteString("debian", locked.Suite);
        json.WriteStartArray("releases");
        foreach (var release in locked.Releases)
        {
            json.WriteStartObject();
            json.WriteString("suite", release.Suite);
            json.WriteString("origin", release.Origin);
            json.WriteString("date", release.Date);
            json.WriteString("signed_by", release.SignedBy);
            json.WriteString("digest", release.InRelease.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("packages");
        foreach (var package in locked.Contents)
        {
            json.WriteStartObject();
            json.WriteString("name", package.Name);
            json.WriteString("version", package.Version);
            json.WriteString("architecture", package.Architecture);
            json.WriteString("suite", package.Suite);
            json.WriteString("path", package.Path);
            json.WriteString("digest", package.Digest.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
