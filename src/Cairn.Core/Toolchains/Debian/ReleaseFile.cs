using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>What a suite of an archive says of itself: the signed content of <c>InRelease</c>.</summary>
public sealed record ReleaseFile
{
    private static readonly string[] DateFormats = ["ddd, dd MMM yyyy HH:mm:ss 'UTC'", "ddd, d MMM yyyy HH:mm:ss 'UTC'", "ddd, dd MMM yyyy HH:mm:ss 'GMT'", "ddd, dd MMM yyyy HH:mm:ss zzz"];

    private readonly Dictionary<string, Digest> _files = new(StringComparer.Ordinal);

    /// <summary>Whose archive it is: <c>Debian</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>Which of them: <c>Debian-Security</c>.</summary>
    public required string Label { get; init; }

    /// <summary>The suite by what it is at the time: <c>oldstable</c>.</summary>
    public required string Suite { get; init; }

    /// <summary>The suite by its name for good: <c>bookworm</c>.</summary>
    public required string Codename { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>From when on it is no longer to be relied on; null where it does not say.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>Architectures that it has.</summary>
    public ImmutableArray<string> Architectures { get; init; } = [];

    /// <summary>Whether packages for all architectures stand in indexes of their own, and not in that of each.</summary>
    public bool HasIndexesOfAll { get; init; }

    /// <summary>Whether its indexes can be fetched by their digests, which does not fail while the archive changes.</summary>
    public bool AcquireByHash { get; init; }

    /// <summary>The files below the suite's folder.</summary>
    public IEnumerable<KeyValuePair<string, Digest>> Files => _files;

    /// <summary>The digest of a file below the suite's folder.</summary>
    public bool TryFind(string path, [MaybeNullWhen(false)] out Digest digest) => _files.TryGetValue(path, out digest);

    /// <summary>Reads one whose signature has been checked. Throws <see cref="FormatException"/>.</summary>
    public static ReleaseFile Read(string text)
    {
        var paragraphs = ControlParagraph.ReadAll(text);
        if (paragraphs is not [var paragraph])
        {
            throw new FormatException($"The release file has {paragraphs.Count} paragraphs");
        }

        var release = new ReleaseFile
        {
            Origin = paragraph["Origin"] ?? "",
            Label = paragraph["Label"] ?? "",
            Suite = paragraph["Suite"] ?? "",
            Codename = paragraph["Codename"] ?? "",
            Date = ReadDate(paragraph["Date"] ?? throw new FormatException("The release file has no date")),
            ValidUntil = paragraph["Valid-Until"] is { } until ? ReadDate(until) : null,
            Architectures = [.. paragraph.Words("Architectures")],
            HasIndexesOfAll = Array.IndexOf(paragraph.Words("Architectures"), "all") >= 0 && Array.IndexOf(paragraph.Words("No-Support-for-Architecture-all"), "Packages") < 0,
            AcquireByHash = paragraph["Acquire-By-Hash"] is "yes",
        };
        foreach (var line in (paragraph["SHA256"] ?? throw new FormatException("The release file has no SHA-256 digests")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var hash, var size, var path] || !Digest.TryParse($"{hash}/{size}", CultureInfo.InvariantCulture, out var digest))
            {
                throw new FormatException($"The release file has a digest that cannot be read: `{line}`");
            }

            if (!release._files.TryAdd(path, digest) && release._files[path] != digest)
            {
                throw new FormatException($"The release file has two digests of `{path}`");
            }
        }

        return release;
    }

    private static DateTimeOffset ReadDate(string text) =>
        DateTimeOffset.TryParseExact(text, DateFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)
            ? date
            : throw new FormatException($"The release file has a date that cannot be read: `{text}`");
}
