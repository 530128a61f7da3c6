using System.Text;

using Cairn.Core.Dependencies.Formats;
using Cairn.Core.Diagnostics;
using Cairn.Core.Syntax;

namespace Cairn.Core.Dependencies;

/// <summary>What installed packages say of themselves: the files that their package managers put beside the code.</summary>
public static class InstalledMetadata
{
    private const string ApprovedClassifier = "License :: OSI Approved :: ";

    /// <summary>The file that tells about a package, relative to its lock file's folder, in the order in which to look; none where it is not known how to.</summary>
    public static IReadOnlyList<string> PlacesOf(Ecosystem ecosystem, Package package)
    {
        ArgumentNullException.ThrowIfNull(package);
        return ecosystem switch
        {
            Ecosystem.Npm => [$"node_modules/{package.Name}/package.json"],
            Ecosystem.Cargo => [$"vendor/{package.Name}/Cargo.toml", $"vendor/{package.Name}-{package.Version}/Cargo.toml"],
            _ => [],
        };
    }

    /// <summary>Name and version of a folder <c>NAME-VERSION.dist-info</c> of Python; null where it is none.</summary>
    public static (string Name, string Version)? OfDistInfo(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        const string Suffix = ".dist-info";
        var dash = folder.LastIndexOf('-', Math.Max(0, folder.Length - Suffix.Length - 1));
        return folder.EndsWith(Suffix, StringComparison.Ordinal) && dash > 0 ? (PythonNames.Normalize(folder[..dash]), folder[(dash + 1)..^Suffix.Length]) : null;
    }

    /// <summary>The licence that such a file names, if it is of the wanted version; null where it does not.</summary>
    /// <param name="ecosystem">Decides what the file is.</param>
    /// <param name="version">The version that is wanted.</param>
    /// <param name="content">The file. It is somebody else's: what cannot be understood is passed over in silence.</param>
    public static string? LicenseOf(Ecosystem ecosystem, string? version, ReadOnlySpan<byte> content)
    {
        if (ecosystem == Ecosystem.PyPI)
        {
            return OfHeaders(Encoding.UTF8.GetString(content));
        }

        var silent = new DiagnosticBag();
        if (SourceDecoder.DecodeText("", content, silent) is not { } text)
        {
            return null;
        }

        var root = ecosystem == Ecosystem.Npm ? new JsonParser(text, silent).Parse() as MappingNode : LockReading.Find(new TomlReader(text, silent, "").Read(), "package") as MappingNode;
        return TextOf(root, "version") == version ? TextOf(root, "license") : null;
    }

    private static string? TextOf(MappingNode? mapping, string key) => LockReading.Find(mapping, key) is ScalarNode { Type: ScalarType.String, Text.Length: > 0 } scalar ? scalar.Text : null;

    /// <summary>The headers of <c>METADATA</c>: an expression where there is one, else the name of a short text or of a classifier.</summary>
    private static string? OfHeaders(string text)
    {
        string? named = null;
        string? classified = null;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (line.IsEmpty)
            {
                break;
            }

            if (colon <= 0)
            {
                continue;
            }

            var value = line[(colon + 2)..].Trim();
            switch (line[..colon])
            {
                case "License-Expression" when !value.IsEmpty:
                    return value.ToString();
                case "License" when value.Length is > 0 and <= 60 && value is not "UNKNOWN":
                    named = value.ToString();
                    break;
                case "Classifier" when value.StartsWith(ApprovedClassifier, StringComparison.Ordinal):
                    classified ??= value[ApprovedClassifier.Length..].ToString();
                    break;
            }
        }

        return named ?? classified;
    }
}
