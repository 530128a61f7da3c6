using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>
/// The packages of a component of a suite: a <c>Packages</c> file. It is tens of megabytes, of which a toolchain needs a hundred paragraphs, so these are found by their names and
/// read when they are asked for.
/// </summary>
public sealed class PackageIndex
{
    private readonly ReadOnlyMemory<byte> _text;
    private readonly Dictionary<string, List<(int Start, int Length)>> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _providers = new(StringComparer.Ordinal);
    private readonly List<string> _essential = [];
    private readonly Dictionary<string, List<DebianPackage>> _read = new(StringComparer.Ordinal);

    private PackageIndex(ReadOnlyMemory<byte> text, string suite, string architecture)
    {
        _text = text;
        Suite = suite;
        Architecture = architecture;
    }

    /// <summary>The suite that it belongs to.</summary>
    public string Suite { get; }

    /// <summary>The architecture whose packages count, beside <c>all</c>.</summary>
    public string Architecture { get; }

    /// <summary>The names of packages.</summary>
    public IReadOnlyCollection<string> Names => _names.Keys;

    /// <summary>Names of packages that are essential.</summary>
    public IReadOnlyList<string> Essential => _essential;

    /// <summary>Finds the paragraphs of an index. Throws <see cref="FormatException"/>.</summary>
    public static PackageIndex Read(ReadOnlyMemory<byte> text, string suite, string architecture)
    {
        var index = new PackageIndex(text, suite, architecture);
        var bytes = text.Span;
        for (var at = 0; at < bytes.Length;)
        {
            if (bytes[at] == '\n')
            {
                at++;
                continue;
            }

            var end = bytes[at..].IndexOf("\n\n"u8);
            var length = end < 0 ? bytes.Length - at : end + 1;
            index.Note(at, bytes.Slice(at, length));
            at += length;
        }

        return index;
    }

    /// <summary>The versions of a package. Throws <see cref="FormatException"/> where its paragraph cannot be read.</summary>
    public IReadOnlyList<DebianPackage> Find(string name)
    {
        if (_read.TryGetValue(name, out var known))
        {
            return known;
        }

        var packages = new List<DebianPackage>();
        foreach (var (start, length) in _names.GetValueOrDefault(name) ?? [])
        {
            var package = DebianPackage.Read(ControlParagraph.ReadAll(Encoding.UTF8.GetString(_text.Span.Slice(start, length)))[0], Suite);
            if (package.Architecture == Architecture || package.Architecture is "all")
            {
                packages.Add(package);
            }
        }

        return _read[name] = packages;
    }

    /// <summary>The names of packages that say that they stand for a name.</summary>
    public IReadOnlyList<string> Providers(string name) => _providers.GetValueOrDefault(name) ?? [];

    private void Note(int start, ReadOnlySpan<byte> paragraph)
    {
        var name = Field(paragraph, "Package:"u8);
        if (name.IsEmpty)
        {
            throw new FormatException($"A paragraph of the index of `{Suite}` names no package");
        }

        var text = Encoding.UTF8.GetString(name);
        if (!_names.TryGetValue(text, out var places))
        {
            _names.Add(text, places = []);
        }

        places.Add((start, paragraph.Length));
        if (Field(paragraph, "Essential:"u8).SequenceEqual("yes"u8))
        {
            _essential.Add(text);
        }

        var provides = Field(paragraph, "Provides:"u8);
        if (provides.IsEmpty)
        {
            return;
        }

        foreach (var dependency in Dependency.ReadAll(Encoding.UTF8.GetString(provides)))
        {
            foreach (var provided in dependency.Alternatives)
            {
                if (!_providers.TryGetValue(provided.Name, out var providers))
                {
                    _providers.Add(provided.Name, providers = []);
                }

                if (!providers.Contains(text))
                {
                    providers.Add(text);
                }
            }
        }
    }

    /// <summary>The value of a field that stands on one line, as the indexes of archives have them.</summary>
    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> paragraph, ReadOnlySpan<byte> name)
    {
        for (var rest = paragraph; !rest.IsEmpty;)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            if (line.StartsWith(name))
            {
                return line[name.Length..].Trim(" \t\r"u8);
            }

            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        return [];
    }
}
