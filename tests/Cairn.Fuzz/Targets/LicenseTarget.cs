using System.Text;
using System.Text.Json;

using Cairn.Core.Dependencies;
using Cairn.Core.Sbom;

namespace Cairn.Fuzz.Targets;

/// <summary>What a package says of its licence: the first line tells which package manager's file follows, or nothing, and then the text itself does. It is read, and both bills of materials that have it are JSON.</summary>
internal sealed class LicenseTarget : IFuzzTarget
{
    private const string Version = "1.0.0";

    public string Name => "license";

    public IReadOnlyList<string> Words { get; } =
    [
        "npm\n", "cargo\n", "pypi\n", "a-1.dist-info\n", "MIT", "Apache-2.0", "GPL-2.0+", "LGPL-2.1-or-later", "Classpath-exception-2.0", "Linux-syscall-note", "LicenseRef-x", " AND ", " OR ", " WITH ", "(", ")", "/", "+",
        "License: ", "License-Expression: ", "Classifier: License :: OSI Approved :: ", "[package]\n", "license = \"", "version = \"1.0.0\"\n", "\"license\":\"", "\"version\":\"1.0.0\"", "\\ud800", "\"", "\n", "\0", "\u2028", "é", "😀",
    ];

    public void Run(byte[] input)
    {
        var newline = Array.IndexOf(input, (byte)'\n');
        var first = newline < 0 ? "" : Encoding.UTF8.GetString(input, 0, newline);
        var content = input.AsSpan(newline + 1);
        _ = InstalledMetadata.OfDistInfo(first);
        Ecosystem? ecosystem = first switch
        {
            "npm" => Ecosystem.Npm,
            "cargo" => Ecosystem.Cargo,
            "pypi" => Ecosystem.PyPI,
            _ => null,
        };
        if ((ecosystem is { } known ? InstalledMetadata.LicenseOf(known, Version, content) : Encoding.UTF8.GetString(content)) is { } license)
        {
            Check(license);
        }
    }

    private static void Check(string text)
    {
        var license = LicenseExpression.Read(text);
        InvariantException.Require(LicenseExpression.Read(license.Text) == license, $"`{license.Text}` is read otherwise than `{text}`");
        InvariantException.Require(license.IsSpdx || !license.IsSingle, $"`{text}` is a name of the list, and no expression");
        InvariantException.Require(!license.IsSpdx || !license.Text.AsSpan().ContainsAnyExceptInRange(' ', '~'), $"The expression `{license.Text}` has characters that none has");
        var builder = new SbomBuilder("fuzz");
        builder.AddGraph(new DependencyGraph("package-lock.json", "package-lock.json", Ecosystem.Npm, [new Package { Index = 0, Name = "a", Version = Version, IsProject = false, Purl = "pkg:npm/a@1.0.0", License = text }], []));
        foreach (var format in (ReadOnlySpan<SbomFormat>)[SbomFormat.CycloneDx, SbomFormat.Spdx])
        {
            using var json = JsonDocument.Parse(SbomJson.Write(builder.Build(DateTimeOffset.UnixEpoch, "1"), format));
            InvariantException.Require(string.IsNullOrWhiteSpace(text) || json.RootElement.GetRawText().Contains("icense", StringComparison.Ordinal), $"The bill does not have the licence `{text}`");
        }
    }
}
