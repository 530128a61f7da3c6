using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Cairn.Tests.Toolchains;

/// <summary>A tar as tests write it, with whatever paths they like.</summary>
internal sealed class TestTar
{
    private readonly List<TarEntry> _entries = [];

    public TestTar File(string path, string content = "content", bool executable = false)
    {
        var mode = UnixFileMode.UserRead | (executable ? UnixFileMode.UserExecute | UnixFileMode.SetUser : UnixFileMode.None);
        _entries.Add(new UstarTarEntry(TarEntryType.RegularFile, path) { Mode = mode, DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
        return this;
    }

    public TestTar Folder(string path) => Add(new UstarTarEntry(TarEntryType.Directory, path));

    public TestTar Link(string path, string target) => Add(new UstarTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target });

    public TestTar HardLink(string path, string target) => Add(new UstarTarEntry(TarEntryType.HardLink, path) { LinkName = target });

    public TestTar Device(string path) => Add(new UstarTarEntry(TarEntryType.CharacterDevice, path) { DeviceMajor = 1, DeviceMinor = 3 });

    public byte[] ToBytes()
    {
        var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var entry in _entries)
            {
                writer.WriteEntry(entry);
                if (entry.DataStream is { } data)
                {
                    data.Position = 0;
                }
            }
        }

        return stream.ToArray();
    }

    public byte[] ToGzip()
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(ToBytes());
        }

        return stream.ToArray();
    }

    private TestTar Add(TarEntry entry)
    {
        _entries.Add(entry);
        return this;
    }
}
