using System.Buffers;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Language.Reference;
using Cairn.Core.Syntax;
using Cairn.Core.Toolchains;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Core.Language.Binding;

/// <summary>The name of a suite of an archive.</summary>
internal sealed class SuiteKind : Kind<string>
{
    private const string Pattern = "^[a-z][a-z0-9-]*$";

    public override string Expected => "the name of a suite";

    public override string Example => "bookworm";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = null;
        if (node is not ScalarNode { Type: ScalarType.String, Text: var text })
        {
            return binder.WrongType(node, this);
        }

        value = text;
        if (ToolchainSource.Debian.IsMoving(text))
        {
            return binder.Invalid(DiagnosticCodes.InvalidValue, $"`{text}` is another suite from one year to the next", node.Span, "Write the name that it has for good, such as `debian: bookworm`");
        }

        return ToolchainSource.Debian.IsSuite(text)
            || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{text}` is not the name of a suite", node.Span, "For example `debian: bookworm`");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", Pattern);
    }
}

/// <summary>The name of a package.</summary>
internal sealed class PackageKind : Kind<string>
{
    private static readonly SearchValues<char> PackageCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789+-.");

    public override string Expected => "the name of a package";

    public override string Example => "gcc";

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = (node as ScalarNode)?.Text;
        if (node is not ScalarNode { Type: ScalarType.String })
        {
            return binder.WrongType(node, this);
        }

        return (PackageName.IsValid(value) && !value.AsSpan().ContainsAnyExcept(PackageCharacters))
            || binder.Invalid(DiagnosticCodes.InvalidValue, $"`{value}` is not the name of a package", node.Span, "Names have small letters, digits, `+`, `-` and `.`; the version is what `cairn.lock` says");
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("pattern", PackageName.Pattern);
    }
}

/// <summary>A text that means something to a toolchain: what is wrong with it, or null.</summary>
internal sealed class ToolchainTextKind(string expected, string example, Func<string, (string Problem, string Suggestion)?> check) : Kind<string>
{
    public override string Expected => expected;

    public override string Example => example;

    public override bool TryRead(Binder binder, Node node, [MaybeNullWhen(false)] out string value)
    {
        value = (node as ScalarNode)?.Text;
        if (node is not ScalarNode { Type: not (ScalarType.Null or ScalarType.Boolean) } || value!.Length == 0)
        {
            return binder.WrongType(node, this);
        }

        if (!LockedToolchainText.IsQuotable(value))
        {
            return binder.Invalid(DiagnosticCodes.InvalidValue, $"`{binder.CurrentKey}` holds a quote, a backslash or a control character", node.Span, $"For example `{binder.CurrentKey}: {example}`");
        }

        return check(value) is not (var problem, var suggestion) || binder.Invalid(DiagnosticCodes.InvalidValue, problem, node.Span, suggestion);
    }

    public override void WriteSchema(SchemaWriter schema)
    {
        schema.Type("string");
        schema.Member("minLength", 1);
    }
}

/// <summary>What the texts of toolchains may be.</summary>
internal static class ToolchainTexts
{
    private static readonly SearchValues<char> VersionCharacters = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyz-");

    // What every sandbox has of its own, so that nothing of a toolchain would be seen there.
    private static readonly string[] Taken = ["/dev", "/home", "/proc", "/run", "/sys", "/tmp", "/work"];

    public static (string Problem, string Suggestion)? Image(string text) => OciReference.TryParse(text, out _, out var problem)
        ? null
        : ($"`{text}` does not name an image: {problem}", "For example `oci: docker.io/library/debian:bookworm`, or `oci: ./image` for an OCI layout");

    public static (string Problem, string Suggestion)? Place(string text)
    {
        if (!text.Contains("://", StringComparison.Ordinal))
        {
            return Folder(text);
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http") || address.UserInfo.Length > 0)
        {
            return ($"`{text}` is no address that something can be fetched from", "Addresses begin with `https://` and name nobody; a path is relative to the project");
        }

        return address.Scheme == "http" && !address.IsLoopback ? ($"`{text}` would be fetched without encryption", "Write `https://`") : null;
    }

    public static (string Problem, string Suggestion)? Folder(string text) =>
        RelativePath.IsPlain(text.TrimStart('/')) || IsAbove(text) ? null : ($"`{text}` is no path that toolchains can be made from", "Paths are relative to the project, without `.` and `..` but at their beginning");

    public static (string Problem, string Suggestion)? Key(string text) => MinisignText.IsKey(text) ? null : Folder(text);

    public static (string Problem, string Suggestion)? Sha256(string text) =>
        OciReference.IsSha256(text) ? null : ($"`{text}` is no SHA-256 hash", "It has 64 digits of 0 to 9 and a to f, as `sha256sum` prints them");

    public static (string Problem, string Suggestion)? Version(string text)
    {
        foreach (var part in text.Split('.'))
        {
            if (part.Length == 0 || !char.IsAsciiLetterOrDigit(part[0]) || part.AsSpan().ContainsAnyExcept(VersionCharacters))
            {
                return ($"`{text}` is no version of an SDK", "For example `dotnet: \"10.0\"` for the newest of these, or `dotnet: 10.0.100`");
            }
        }

        return char.IsAsciiDigit(text[0]) && text.Contains('.', StringComparison.Ordinal) ? null : ($"`{text}` is no version of an SDK", "For example `dotnet: \"10.0\"` for the newest of these, or `dotnet: 10.0.100`");
    }

    public static (string Problem, string Suggestion)? At(string text) => text is "/" ? null : Absolute(text, "/opt/zig");

    public static (string Problem, string Suggestion)? HostPath(string text) => Absolute(text, "/opt/tools");

    public static (string Problem, string Suggestion)? StepName(string text) => Core.StepName.TryParse(text, out _) ? null : ($"`{text}` is not the name of a step", "For example `step: compiler`");

    public static (string Problem, string Suggestion)? Program(string text)
    {
        var pattern = text.TrimStart('/');
        return Glob.TryParse(pattern, out _, out var error) ? null : ($"`{text}` cannot be searched for: {error}", "For example `bin: [\"bin/*\"]`");
    }

    private static bool IsAbove(string text)
    {
        var rest = text.AsSpan();
        while (rest.StartsWith("../", StringComparison.Ordinal) || rest.StartsWith("./", StringComparison.Ordinal))
        {
            rest = rest[(rest[1] == '/' ? 2 : 3)..];
        }

        return rest.Length < text.Length ? rest.IsEmpty || RelativePath.IsPlain(rest) : text is ".." or ".";
    }

    private static (string Problem, string Suggestion)? Absolute(string text, string example)
    {
        if (text[0] != '/' || !RelativePath.IsPlain(text.AsSpan(1)))
        {
            return ($"`{text}` is no absolute path", $"For example `{example}`");
        }

        var slash = text.IndexOf('/', 1);
        if (PackagePaths.IsMerged(slash < 0 ? text[1..] : text[1..slash]))
        {
            return ($"`{text}` stands in a folder that is a link to one of `/usr`", $"Write `/usr{text}`");
        }

        foreach (var taken in Taken)
        {
            if (text.StartsWith(taken, StringComparison.Ordinal) && (text.Length == taken.Length || text[taken.Length] == '/'))
            {
                return ($"`{taken}` belongs to the sandbox", $"Choose another folder, for example `{example}`");
            }
        }

        return null;
    }
}
