using System.Buffers;
using System.Diagnostics.CodeAnalysis;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains;

/// <summary>
/// The name of an image: <c>HOST/REPOSITORY</c> with <c>:TAG</c> or <c>@sha256:HASH</c> or both, or the path of an OCI layout, which begins with <c>./</c>, <c>../</c> or <c>/</c>. There is no
/// registry that goes without saying.
/// </summary>
public sealed record OciReference
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");
    private static readonly SearchValues<char> TagCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    private static readonly SearchValues<char> RepositoryCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    private const int TagCharsMax = 128;
    private const int RepositoryCharsMax = 255;
    private const string DigestMark = "@sha256:";

    private OciReference()
    {
    }

    /// <summary>The host of the registry, with its port; null for a layout.</summary>
    public string? Registry { get; private init; }

    /// <summary>The repository; null for a layout.</summary>
    public string? Repository { get; private init; }

    /// <summary>The folder or tar of a layout; null for a registry.</summary>
    public string? Path { get; private init; }

    /// <summary>The tag; null for none.</summary>
    public string? Tag { get; private init; }

    /// <summary>The hash of the manifest; null for none.</summary>
    public string? Sha256 { get; private init; }

    /// <summary>Whether the registry is this machine's: only such a one may be spoken to without encryption.</summary>
    public bool IsLoopback => Registry is { } registry && HostOf(registry) is "localhost" or "127.0.0.1" or "[::1]";

    /// <summary>Where the registry is asked.</summary>
    public Uri Endpoint => Registry is { } registry
        ? new Uri($"{(IsLoopback ? "http" : "https")}://{(registry is "docker.io" ? "registry-1.docker.io" : registry)}/v2/")
        : throw new InvalidOperationException("A layout on the disk has no endpoint");

    /// <summary>Reads a name.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out OciReference? reference, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        reference = null;
        var rest = text;
        string? hash = null, tag = null;
        if (rest.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at && (rest.LastIndexOf('/') < at))
        {
            hash = rest.AsSpan(at).StartsWith(DigestMark, StringComparison.Ordinal) ? rest[(at + DigestMark.Length)..] : "";
            if (!IsSha256(hash))
            {
                problem = "what follows `@` is not `sha256:` and 64 hexadecimal digits";
                return false;
            }

            rest = rest[..at];
        }

        if (rest.LastIndexOf(':') is >= 0 and var colon && colon > rest.LastIndexOf('/') && rest.Contains('/', StringComparison.Ordinal))
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!IsTag(tag))
            {
                problem = $"`{tag}` is no tag";
                return false;
            }
        }

        if (rest.StartsWith("./", StringComparison.Ordinal) || rest.StartsWith("../", StringComparison.Ordinal) || rest.StartsWith('/'))
        {
            reference = new OciReference { Path = rest, Tag = tag, Sha256 = hash };
            problem = null;
            return true;
        }

        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || !IsHost(rest[..slash]))
        {
            problem = "it does not begin with the host of a registry, or with `./` for an OCI layout on the disk";
            return false;
        }

        var repository = rest[(slash + 1)..];
        if (!IsRepository(repository))
        {
            problem = $"`{repository}` is no repository: names have small letters, digits and `.`, `_`, `-` between them";
            return false;
        }

        if (tag is null && hash is null)
        {
            problem = "it has neither a tag nor a digest";
            return false;
        }

        reference = new OciReference { Registry = rest[..slash], Repository = repository, Tag = tag, Sha256 = hash };
        problem = null;
        return true;
    }

    /// <summary>Whether a text is a SHA-256 hash as digests have it.</summary>
    public static bool IsSha256([NotNullWhen(true)] string? text) => text is { Length: 64 } && !text.AsSpan().ContainsAnyExcept(HexDigits);

    private static string HostOf(string registry) => registry.StartsWith('[') ? registry[..(registry.IndexOf(']', StringComparison.Ordinal) + 1)] : registry.Split(':')[0];

    // As Docker has it: what has neither dot nor port is no host, but for `localhost`.
    private static bool IsHost(string text)
    {
        if (text.StartsWith("[::1]", StringComparison.Ordinal))
        {
            return text.Length == 5 || IsPort(text.AsSpan(5));
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var host = colon < 0 ? text : text[..colon];
        return (host is "localhost" || colon > 0 || host.Contains('.', StringComparison.Ordinal)) && (colon < 0 || IsPort(text.AsSpan(colon)))
            && host.Length > 0 && char.IsAsciiLetterOrDigit(host[0]) && char.IsAsciiLetterOrDigit(host[^1]) && !host.AsSpan().ContainsAnyExcept(HostCharacters) && !host.Contains("..", StringComparison.Ordinal);
    }

    private static bool IsPort(ReadOnlySpan<char> text) => text is [':', _, ..] && text.Length <= 6 && !text[1..].ContainsAnyExcept(Digits);

    private static bool IsTag(string text) =>
        text.Length is > 0 and <= TagCharsMax && text[0] is not ('.' or '-') && !text.AsSpan().ContainsAnyExcept(TagCharacters);

    private static bool IsRepository(string text)
    {
        if (text.Length > RepositoryCharsMax || !RelativePath.IsPlain(text))
        {
            return false;
        }

        foreach (var part in text.Split('/'))
        {
            if (!char.IsAsciiLetterLower(part[0]) && !char.IsAsciiDigit(part[0]))
            {
                return false;
            }

            if ((!char.IsAsciiLetterLower(part[^1]) && !char.IsAsciiDigit(part[^1])) || part.AsSpan().ContainsAnyExcept(RepositoryCharacters))
            {
                return false;
            }
        }

        return true;
    }
}
