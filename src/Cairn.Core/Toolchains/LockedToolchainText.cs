using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Language.Model;

namespace Cairn.Core.Toolchains;

/// <summary>The text of a toolchain in <c>cairn.lock</c>. The first line after its name tells the kind.</summary>
internal static class LockedToolchainText
{
    /// <summary>Whether a text can stand between quotes here.</summary>
    public static bool IsQuotable(string text) => text.Length > 0 && RelativePath.HasUtf8(text) && text.AsSpan().IndexOfAny('"', '\\') < 0 && text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && text.AsSpan().IndexOfAnyInRange('\x7f', '\x9f') < 0;

    public static void Write(StringBuilder text, LockedToolchain toolchain)
    {
        text.Append($"  {toolchain.Name}:\n");
        switch (toolchain)
        {
            case LockedDebian debian:
                Write(text, debian);
                return;
            case LockedOci oci:
                Write(text, oci);
                break;
            case LockedArchive archive:
                Write(text, archive);
                break;
            case LockedStep step:
                Write(text, step);
                break;
            case LockedHost host:
                Write(text, host);
                break;
            default:
                throw new ArgumentException($"A toolchain is of the unknown kind {toolchain.GetType()}", nameof(toolchain));
        }

        text.Append($"    architecture: {toolchain.Architecture}\n");
        text.Append($"    layout: {toolchain.Layout}\n");
        text.Append($"    tree: {toolchain.Tree}\n");
    }

    public static LockedToolchain Read(LockLines lines)
    {
        var name = lines.TakeName();
        return lines.StartsWith("    debian: ") ? ReadDebian(lines, name)
            : lines.StartsWith("    oci: ") ? ReadOci(lines, name)
            : lines.StartsWith("    archive:") ? ReadArchive(lines, name)
            : lines.StartsWith("    step: ") ? ReadStep(lines, name)
            : lines.StartsWith("    host:") ? ReadHost(lines, name)
            : throw lines.Wrong();
    }

    private static void Write(StringBuilder text, LockedDebian toolchain)
    {
        text.Append($"    debian: {toolchain.Suite}\n");
        text.Append($"    packages: [{string.Join(", ", toolchain.Packages)}]\n");
        text.Append($"    essential: {Word(toolchain.Essential)}\n");
        text.Append($"    allow_expired: {Word(toolchain.AllowExpired)}\n");
        text.Append($"    architecture: {toolchain.Architecture}\n");
        text.Append($"    layout: {toolchain.Layout}\n");
        text.Append($"    tree: {toolchain.Tree}\n");
        text.Append("    releases:\n");
        foreach (var release in toolchain.Releases)
        {
            text.Append($"      - suite: {release.Suite}\n");
            text.Append($"        origin: \"{release.Origin}\"\n");
            text.Append($"        date: \"{release.Date.UtcDateTime.ToString(ToolchainLockText.DateFormat, CultureInfo.InvariantCulture)}\"\n");
            text.Append($"        signed_by: \"{release.SignedBy}\"\n");
            text.Append($"        digest: {release.InRelease}\n");
            text.Append("        indexes:\n");
            foreach (var index in release.Indexes)
            {
                text.Append($"          - path: {index.Path}\n");
                text.Append($"            digest: {index.Digest}\n");
            }
        }

        text.Append("    contents:\n");
        foreach (var package in toolchain.Contents)
        {
            text.Append($"      - package: {package.Name}\n");
            text.Append($"        version: \"{package.Version}\"\n");
            text.Append($"        architecture: {package.Architecture}\n");
            text.Append($"        suite: {package.Suite}\n");
            text.Append($"        path: {package.Path}\n");
            text.Append($"        digest: {package.Digest}\n");
        }
    }

    private static LockedDebian ReadDebian(LockLines lines, string name)
    {
        var suite = lines.Value("    debian: ");
        var packages = lines.Value("    packages: [", "]").Split(", ");
        var essential = lines.Value("    essential: ") is "true";
        var allowExpired = lines.Value("    allow_expired: ") is "true";
        var architecture = lines.Value("    architecture: ");
        var layout = lines.Value("    layout: ");
        var tree = lines.Digest("    tree: ");
        lines.Take("    releases:");
        var releases = ImmutableArray.CreateBuilder<LockedRelease>();
        while (lines.StartsWith("      - suite: "))
        {
            releases.Add(ReadRelease(lines));
        }

        lines.Take("    contents:");
        var contents = ImmutableArray.CreateBuilder<LockedPackage>();
        while (lines.StartsWith("      - package: "))
        {
            contents.Add(new LockedPackage(
                lines.Value("      - package: "), lines.Quoted("        version: "), lines.Value("        architecture: "), lines.Value("        suite: "), lines.Path("        path: "), lines.Digest("        digest: ")));
        }

        return new LockedDebian
        {
            Name = name,
            Suite = suite,
            Packages = [.. packages],
            Essential = essential,
            AllowExpired = allowExpired,
            Architecture = architecture,
            Layout = layout,
            Tree = tree,
            Releases = releases.DrainToImmutable(),
            Contents = contents.DrainToImmutable(),
        };
    }

    private static LockedRelease ReadRelease(LockLines lines)
    {
        var suite = lines.Value("      - suite: ");
        var origin = lines.Quoted("        origin: ");
        var date = lines.Date("        date: \"", "\"");
        var signedBy = lines.Quoted("        signed_by: ");
        var digest = lines.Digest("        digest: ");
        lines.Take("        indexes:");
        var indexes = ImmutableArray.CreateBuilder<LockedIndex>();
        while (lines.StartsWith("          - path: "))
        {
            indexes.Add(new LockedIndex(lines.Path("          - path: "), lines.Digest("            digest: ")));
        }

        return new LockedRelease(suite, origin, date, signedBy, digest, indexes.DrainToImmutable());
    }

    private static void Write(StringBuilder text, LockedOci toolchain)
    {
        text.Append($"    oci: \"{toolchain.Image}\"\n");
        if (toolchain.Index is { } index)
        {
            text.Append($"    index: {index}\n");
        }

        text.Append($"    manifest: {toolchain.Manifest}\n");
        text.Append($"    config: {toolchain.Config}\n");
        text.Append("    layers:\n");
        foreach (var layer in toolchain.Layers)
        {
            text.Append($"      - {layer}\n");
        }
    }

    private static LockedOci ReadOci(LockLines lines, string name)
    {
        var image = lines.Quoted("    oci: ");
        Digest? index = lines.StartsWith("    index: ") ? lines.Digest("    index: ") : null;
        var manifest = lines.Digest("    manifest: ");
        var config = lines.Digest("    config: ");
        lines.Take("    layers:");
        var layers = ImmutableArray.CreateBuilder<Digest>();
        while (lines.StartsWith("      - "))
        {
            layers.Add(lines.Digest("      - "));
        }

        return new LockedOci
        {
            Name = name,
            Image = OciReference.TryParse(image, out _, out _) ? image : throw lines.Wrong(),
            Index = index,
            Manifest = manifest,
            Config = config,
            Layers = layers.DrainToImmutable(),
            Architecture = lines.Value("    architecture: "),
            Layout = lines.Value("    layout: "),
            Tree = lines.Digest("    tree: "),
        };
    }

    private static void Write(StringBuilder text, LockedArchive toolchain)
    {
        text.Append("    archive:\n");
        foreach (var place in toolchain.Places)
        {
            text.Append($"      - \"{place}\"\n");
        }

        text.Append($"    digest: {toolchain.Archive}\n");
        text.Append(CultureInfo.InvariantCulture, $"    strip: {toolchain.Strip}\n");
        Write(text, toolchain.Placement);
        if (toolchain.Signature is { } signature)
        {
            text.Append($"    signature: \"{signature.Place}\"\n");
            text.Append($"    signature_digest: {signature.Digest}\n");
            text.Append($"    key: \"{signature.Key}\"\n");
            text.Append($"    signed_by: \"{signature.SignedBy}\"\n");
        }

        Write(text, toolchain.Dotnet);
    }

    private static LockedArchive ReadArchive(LockLines lines, string name)
    {
        lines.Take("    archive:");
        var places = ImmutableArray.CreateBuilder<string>();
        while (lines.StartsWith("      - "))
        {
            places.Add(lines.Quoted("      - "));
        }

        return new LockedArchive
        {
            Name = name,
            Places = places.Count > 0 ? places.DrainToImmutable() : throw lines.Wrong(),
            Archive = lines.Digest("    digest: "),
            Strip = lines.Number("    strip: "),
            Placement = ReadPlacement(lines),
            Signature = lines.TryQuoted("    signature: ") is { } place && lines.Digest("    signature_digest: ") is var digest
                ? new LockedSignature(place, lines.Quoted("    key: "), digest, lines.Quoted("    signed_by: "))
                : null,
            Dotnet = ReadDotnet(lines),
            Architecture = lines.Value("    architecture: "),
            Layout = lines.Value("    layout: "),
            Tree = lines.Digest("    tree: "),
        };
    }

    private static void Write(StringBuilder text, LockedStep toolchain)
    {
        text.Append($"    step: {toolchain.Step}\n");
        text.Append($"    project: \"{toolchain.Project}\"\n");
        if (toolchain.From.Length > 0)
        {
            text.Append($"    from: \"{toolchain.From}\"\n");
        }

        Write(text, toolchain.Placement);
        text.Append($"    run: {toolchain.Run}\n");
        text.Append($"    action: {toolchain.Action}\n");
    }

    private static LockedStep ReadStep(LockLines lines, string name) => new()
    {
        Name = name,
        Step = lines.Value("    step: "),
        Project = lines.Quoted("    project: "),
        From = lines.TryQuoted("    from: ") is { } from ? RelativePath.IsPlain(from) ? from : throw lines.Wrong() : "",
        Placement = ReadPlacement(lines),
        Run = lines.Value("    run: "),
        Action = lines.Digest("    action: "),
        Architecture = lines.Value("    architecture: "),
        Layout = lines.Value("    layout: "),
        Tree = lines.Digest("    tree: "),
    };

    private static void Write(StringBuilder text, LockedHost toolchain)
    {
        text.Append("    host:\n");
        foreach (var path in toolchain.Paths)
        {
            text.Append($"      - path: \"{path.Path}\"\n");
            text.Append($"        digest: {path.Digest}\n");
        }

        Write(text, toolchain.Programs);
        Write(text, toolchain.Dotnet);
    }

    private static LockedHost ReadHost(LockLines lines, string name)
    {
        lines.Take("    host:");
        var paths = ImmutableArray.CreateBuilder<LockedPath>();
        while (lines.StartsWith("      - path: "))
        {
            var path = lines.Quoted("      - path: ");
            paths.Add(new LockedPath(path[0] == '/' && RelativePath.IsPlain(path.AsSpan(1)) ? path : throw lines.Wrong(), lines.Digest("        digest: ")));
        }

        return new LockedHost
        {
            Name = name,
            Paths = paths.DrainToImmutable(),
            Programs = ReadPrograms(lines),
            Dotnet = ReadDotnet(lines),
            Architecture = lines.Value("    architecture: "),
            Layout = lines.Value("    layout: "),
            Tree = lines.Digest("    tree: "),
        };
    }

    private static void Write(StringBuilder text, ToolchainPlacement placement)
    {
        if (placement.At is { } at)
        {
            text.Append($"    at: \"/{at}\"\n");
        }

        Write(text, placement.Programs);
    }

    private static void Write(StringBuilder text, ImmutableArray<string> programs)
    {
        if (!programs.IsDefault)
        {
            text.Append(programs.IsEmpty ? "    bin: []\n" : $"    bin: [\"{string.Join("\", \"", programs)}\"]\n");
        }
    }

    private static void Write(StringBuilder text, LockedDotnet? sdk)
    {
        if (sdk is not null)
        {
            text.Append($"    dotnet: \"{sdk.Asked}\"\n");
            text.Append($"    sdk: \"{sdk.Version}\"\n");
            if (sdk.Sha512 is { } sha512)
            {
                text.Append($"    sha512: {sha512}\n");
            }
        }
    }

    private static ToolchainPlacement ReadPlacement(LockLines lines)
    {
        var at = lines.TryQuoted("    at: ");
        return at is null || at is "/" || (at[0] == '/' && RelativePath.IsPlain(at.AsSpan(1))) ? new ToolchainPlacement(at?[1..], ReadPrograms(lines)) : throw lines.Wrong();
    }

    private static ImmutableArray<string> ReadPrograms(LockLines lines) => lines.StartsWith("    bin: ") ? lines.List("    bin: ") : default;

    private static LockedDotnet? ReadDotnet(LockLines lines) =>
        lines.TryQuoted("    dotnet: ") is { } asked ? new LockedDotnet(asked, lines.Quoted("    sdk: "), lines.TryValue("    sha512: ")) : null;

    private static string Word(bool value) => value ? "true" : "false";
}
