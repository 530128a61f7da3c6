using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Content;

namespace Cairn.Core.Toolchains;

/// <summary>
/// The text of <c>cairn.lock</c>: YAML, of which only what <see cref="Write(ToolchainLock)"/> writes is read. So it needs no parser that every run would have to start, and equal locks have
/// equal bytes.
/// </summary>
public static class ToolchainLockText
{
    private const string Heading = "# What the toolchains of cairn.yaml consist of. Written by `cairn toolchain lock`; keep it with the pipeline.\nversion: 1\n";

    // The end of a YAML document: a lock that was cut off between two packages lacks it.
    private const string End = "...";
    private const string DateFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>Writes a lock.</summary>
    public static string Write(ToolchainLock content)
    {
        ArgumentNullException.ThrowIfNull(content);
        var text = new StringBuilder(Heading);
        text.Append(content.Toolchains.IsEmpty ? "toolchains: {}\n" : "toolchains:\n");
        foreach (var toolchain in content.Toolchains)
        {
            Write(text, toolchain);
        }

        return text.Append(End).Append('\n').ToString();
    }

    /// <summary>Reads a lock. Throws <see cref="FormatException"/> for a text that <see cref="Write(ToolchainLock)"/> did not write.</summary>
    public static ToolchainLock Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith(Heading, StringComparison.Ordinal))
        {
            throw new FormatException("It does not begin as a lock of this version does");
        }

        var lines = new Lines(text, Heading.Length);
        var toolchains = ImmutableArray.CreateBuilder<LockedToolchain>();
        if (!lines.TryTake("toolchains: {}"))
        {
            lines.Take("toolchains:");
            do
            {
                var toolchain = ReadToolchain(lines);
                if (toolchains.Count > 0 && string.CompareOrdinal(toolchains[^1].Name, toolchain.Name) >= 0)
                {
                    throw new FormatException($"`{toolchain.Name}` is not where the order of names has it");
                }

                toolchains.Add(toolchain);
            }
            while (!lines.StartsWith(End));
        }

        lines.Take(End);

        var content = new ToolchainLock(toolchains.DrainToImmutable());

        // Words and line ends: whatever the reader would pass over.
        return string.Equals(Write(content), text, StringComparison.Ordinal) ? content : throw new FormatException("It was edited");
    }

    private static void Write(StringBuilder text, LockedToolchain toolchain)
    {
        text.Append($"  {toolchain.Name}:\n");
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
            text.Append($"        date: \"{release.Date.UtcDateTime.ToString(DateFormat, CultureInfo.InvariantCulture)}\"\n");
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

    private static LockedToolchain ReadToolchain(Lines lines)
    {
        var name = lines.TakeName();
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
                lines.Value("      - package: "), lines.Value("        version: \"", "\""), lines.Value("        architecture: "), lines.Value("        suite: "), lines.Path("        path: "), lines.Digest("        digest: ")));
        }

        return new LockedToolchain
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

    private static LockedRelease ReadRelease(Lines lines)
    {
        var suite = lines.Value("      - suite: ");
        var origin = lines.Value("        origin: \"", "\"");
        var date = lines.Date("        date: \"", "\"");
        var signedBy = lines.Value("        signed_by: \"", "\"");
        var digest = lines.Digest("        digest: ");
        lines.Take("        indexes:");
        var indexes = ImmutableArray.CreateBuilder<LockedIndex>();
        while (lines.StartsWith("          - path: "))
        {
            indexes.Add(new LockedIndex(lines.Path("          - path: "), lines.Digest("            digest: ")));
        }

        return new LockedRelease(suite, origin, date, signedBy, digest, indexes.DrainToImmutable());
    }

    private static string Word(bool value) => value ? "true" : "false";

    /// <summary>The lines of a text, one after another.</summary>
    private sealed class Lines(string text, int start)
    {
        private int _at = start;
        private int _number = text.AsSpan(0, start).Count('\n') + 1;

        private ReadOnlySpan<char> Line
        {
            get
            {
                var rest = text.AsSpan(_at);
                var end = rest.IndexOf('\n');
                return end < 0 ? rest : rest[..end];
            }
        }

        public bool StartsWith(string prefix) => Line.StartsWith(prefix, StringComparison.Ordinal);

        public bool TryTake(string line)
        {
            if (!Line.SequenceEqual(line))
            {
                return false;
            }

            Advance();
            return true;
        }

        public void Take(string line)
        {
            if (!TryTake(line))
            {
                throw Wrong();
            }
        }

        public string TakeName() => Value("  ", ":") is var name && !name.StartsWith(' ') ? name : throw Wrong();

        public string Value(string prefix, string suffix = "")
        {
            var line = Line;
            if (line.Length <= prefix.Length + suffix.Length || !line.StartsWith(prefix, StringComparison.Ordinal) || !line.EndsWith(suffix, StringComparison.Ordinal))
            {
                throw Wrong();
            }

            var value = line[prefix.Length..^suffix.Length].ToString();
            Advance();
            return value;
        }

        public string Path(string prefix) => Value(prefix) is var path && RelativePath.IsPlain(path) ? path : throw Wrong(_number - 1);

        public Digest Digest(string prefix) => Content.Digest.TryParse(Value(prefix), CultureInfo.InvariantCulture, out var digest) ? digest : throw Wrong(_number - 1);

        public DateTimeOffset Date(string prefix, string suffix) =>
            DateTimeOffset.TryParseExact(Value(prefix, suffix), DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date : throw Wrong(_number - 1);

        private FormatException Wrong() => Wrong(_number);

        private static FormatException Wrong(int line) => new($"Line {line.ToString(CultureInfo.InvariantCulture)} is not as it was written");

        private void Advance()
        {
            // The last line of a text that was cut off has no end.
            _at = Math.Min(_at + Line.Length + 1, text.Length);
            _number++;
        }
    }
}
