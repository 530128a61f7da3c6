using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Cairn.Tests.Toolchains;

/// <summary>Makes a <c>.deb</c>.</summary>
internal sealed class TestPackage(string name, string version = "1")
{
    private readonly List<TarEntry> _entries = [];

    public string Name { get; } = name;

    public string Version { get; } = version;

    /// <summary>Fields of its paragraph besides the usual ones.</summary>
    public List<string> Fields { get; } = [];

    public Dictionary<string, string> Scripts { get; } = new(StringComparer.Ordinal);

    public TestPackage File(string path, string content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        return File(path, bytes, mode);
    }

    public TestPackage File(string path, byte[] content, UnixFileMode mode)
    {
        _entries.Add(new GnuTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(content), Mode = mode });
        return this;
    }

    public TestPackage Entry(TarEntryType type, string path, string target = "")
    {
        var entry = new GnuTarEntry(type, path);
        if (target.Length > 0)
        {
            entry.LinkName = target;
        }

        _entries.Add(entry);
        return this;
    }

    public TestPackage Link(string path, string target) => Entry(TarEntryType.SymbolicLink, path, target);

    /// <summary>Its paragraph, without what the index adds.</summary>
    public string Paragraph => $"Package: {Name}\nVersion: {Version}\nArchitecture: amd64\n{string.Concat(Fields.Select(static f => f + "\n"))}";

    public byte[] ToBytes()
    {
        var deb = new MemoryStream();
        deb.Write("!<arch>\n"u8);
        Add(deb, "debian-binary", "2.0\n"u8.ToArray());
        List<TarEntry> control = [new GnuTarEntry(TarEntryType.RegularFile, "./control") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(Paragraph)) }];
        control.AddRange(Scripts.Select(static s => new GnuTarEntry(TarEntryType.RegularFile, "./" + s.Key) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(s.Value)) }));
        Add(deb, "control.tar.gz", Tar(control));
        Add(deb, "data.tar.gz", Tar([new GnuTarEntry(TarEntryType.Directory, "./"), .. _entries]));
        return deb.ToArray();
    }

    private static byte[] Tar(IEnumerable<TarEntry> entries)
    {
        var content = new MemoryStream();
        using (var gzip = new GZipStream(content, CompressionLevel.Fastest))
        using (var tar = new TarWriter(gzip))
        {
            foreach (var entry in entries)
            {
                entry.ModificationTime = DateTimeOffset.UnixEpoch;
                entry.DataStream?.Seek(0, SeekOrigin.Begin);
                tar.WriteEntry(entry);
            }
        }

        return content.ToArray();
    }

    private static void Add(Stream archive, string member, byte[] content)
    {
        archive.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{member,-16}{0,-12}{0,-6}{0,-6}{100644,-8}{content.Length,-10}`\n")));
        archive.Write(content);
        if (content.Length % 2 == 1)
        {
            archive.WriteByte((byte)'\n');
        }
    }
}
