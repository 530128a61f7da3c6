using System.Collections.Immutable;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A source of packages as a machine is configured with it.</summary>
/// <param name="Uris">Where the archive is; the later ones stand in for the first.</param>
/// <param name="Suite">The suite.</param>
/// <param name="Components">Its parts.</param>
/// <param name="SignedBy">Files of keys, fingerprints, or a key itself; empty for those that apt trusts for all sources.</param>
/// <param name="Architectures">The only ones that it is for; empty for all.</param>
/// <param name="Place">Where this was written.</param>
public sealed record AptSource(ImmutableArray<Uri> Uris, string Suite, ImmutableArray<string> Components, ImmutableArray<string> SignedBy, ImmutableArray<string> Architectures, string Place);

/// <summary>Reads apt's lists of sources, in both of their forms.</summary>
public static class AptSources
{
    /// <summary>Reads <c>sources.list</c> or a file of <c>sources.list.d</c> that ends with <c>.list</c>. Lines that apt would refuse are left out.</summary>
    public static IEnumerable<AptSource> ReadList(string text, string place)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var raw in text.Split('\n'))
        {
            var comment = raw.IndexOf('#', StringComparison.Ordinal);
            var line = (comment < 0 ? raw : raw[..comment]).Trim();
            var options = "";
            var open = line.IndexOf('[', StringComparison.Ordinal);
            if (open > 0 && line.IndexOf(']', open) is > 0 and var close)
            {
                options = line[(open + 1)..close];
                line = string.Concat(line.AsSpan(0, open), " ", line.AsSpan(close + 1));
            }

            if (line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries) is not ["deb", var uri, var suite, .. var components])
            {
                continue;
            }

            string[] signedBy = [], architectures = [];
            foreach (var option in options.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var equals = option.IndexOf('=', StringComparison.Ordinal);
                var value = equals < 0 ? [] : option[(equals + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries);
                switch (equals < 0 ? option : option[..equals])
                {
                    case "signed-by":
                        signedBy = value;
                        break;
                    case "arch":
                        architectures = value;
                        break;
                }
            }

            if (Make([uri], suite, components, signedBy, architectures, place) is { } source)
            {
                yield return source;
            }
        }
    }

    /// <summary>Reads a file of <c>sources.list.d</c> that ends with <c>.sources</c>. Throws <see cref="FormatException"/>.</summary>
    public static IEnumerable<AptSource> ReadParagraphs(string text, string place)
    {
        foreach (var paragraph in ControlParagraph.ReadAll(text))
        {
            if (Array.IndexOf(paragraph.Words("Types"), "deb") < 0 || paragraph["Enabled"] is "no" or "false")
            {
                continue;
            }

            // A key may stand there itself, a line that has only a point for each empty one of it.
            var keys = paragraph["Signed-By"];
            string[] signedBy = keys?.Contains("-----BEGIN PGP", StringComparison.Ordinal) == true ? [keys.Trim().Replace("\n.\n", "\n\n", StringComparison.Ordinal)] : paragraph.Words("Signed-By");
            foreach (var suite in paragraph.Words("Suites"))
            {
                if (Make(paragraph.Words("URIs"), suite, paragraph.Words("Components"), signedBy, paragraph.Words("Architectures"), place) is { } source)
                {
                    yield return source;
                }
            }
        }
    }

    private static AptSource? Make(string[] uris, string suite, string[] components, string[] signedBy, string[] architectures, string place)
    {
        var known = ImmutableArray.CreateBuilder<Uri>();
        foreach (var text in uris)
        {
            // `file:/path` is how apt writes what has an empty host.
            var address = text.StartsWith("file:/", StringComparison.Ordinal) && !text.StartsWith("file://", StringComparison.Ordinal) ? $"file://{text.AsSpan(5)}" : text;
            if (Uri.TryCreate(address.EndsWith('/') ? address : address + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "file")
            {
                known.Add(uri);
            }
        }

        // Without components the suite is a path with an index of its own, which no release file vouches for in the same way.
        return known.Count == 0 || components.Length == 0 ? null : new AptSource(known.DrainToImmutable(), suite, [.. components], [.. signedBy], [.. architectures], place);
    }
}
