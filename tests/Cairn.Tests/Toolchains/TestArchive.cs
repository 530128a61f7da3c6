using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Execution.Toolchains;
using Cairn.Execution.Toolchains.Debian;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Content;
using Cairn.Testing;

namespace Cairn.Tests.Toolchains;

/// <summary>A signed archive in a folder, and a machine whose apt is configured with it.</summary>
internal sealed class TestArchive : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly List<TestPackage> _packages = [];

    public TestArchive()
    {
        Directory.CreateDirectory(Apt + "/sources.list.d");
        File.WriteAllBytes(_folder["keys.gpg"], Signer.Keyring);
        WriteSources("Suites: test\n");
        Store = ContentStore.Open(_folder["store"]);
    }

    public TestSigner Signer { get; } = new(Now - TimeSpan.FromDays(400));

    public ContentStore Store { get; }

    public string Mirror => _folder["mirror"];

    public string Apt => _folder["apt"];

    public string State => _folder["state"];

    public string Keys => _folder["keys.gpg"];

    public string InRelease => $"{Mirror}/dists/test/InRelease";

    /// <summary>When its release is made.</summary>
    public DateTimeOffset Date { get; set; } = Now - TimeSpan.FromDays(1);

    public DateTimeOffset? ValidUntil { get; set; }

    public string Codename { get; set; } = "test";

    public string Origin { get; set; } = "Test";

    /// <summary>Where it is, for apt.</summary>
    public string Address => $"file:{Mirror}";

    public string this[string name] => _folder[name];

    public TestPackage Add(string name, string version = "1")
    {
        var package = new TestPackage(name, version);
        _packages.RemoveAll(p => p.Name == name);
        _packages.Add(package);
        return package;
    }

    /// <summary>Adds a compiler with what it needs, and what is essential.</summary>
    public TestPackage AddCompiler()
    {
        Add("base").File("./bin/sh", "shell", UnixFileMode.UserRead | UnixFileMode.UserExecute).Fields.Add("Essential: yes");
        Add("libc").File("./lib/libc.so.6", "library").File("./usr/share/doc/libc/copyright", "free");
        var compiler = Add("cc").File("./usr/bin/gcc", "compiler", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        compiler.Fields.Add("Depends: libc");
        compiler.Scripts["postinst"] = "#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/cc cc /usr/bin/gcc 20\n";
        return compiler;
    }

    public void WriteSources(string fields) => WriteSources("test", Address, fields);

    /// <summary>Tells apt of the machine of a source.</summary>
    public void WriteSources(string name, string addresses, string fields = "Suites: test\n", string? keys = null) =>
        File.WriteAllText($"{Apt}/sources.list.d/{name}.sources", $"Types: deb\nURIs: {addresses}\n{fields}Components: main\nSigned-By: {keys ?? Keys}\n");

    public string PathOf(TestPackage package) => $"{Mirror}/pool/{package.Name}_{package.Version}.deb";

    /// <summary>Writes all of it.</summary>
    public void Publish(TestSigner? signer = null)
    {
        Directory.CreateDirectory($"{Mirror}/dists/test/main/binary-amd64");
        Directory.CreateDirectory($"{Mirror}/pool");
        var index = new StringBuilder();
        foreach (var package in _packages)
        {
            var content = package.ToBytes();
            File.WriteAllBytes(PathOf(package), content);
            index.Append($"{package.Paragraph}Filename: pool/{package.Name}_{package.Version}.deb\nSize: {content.Length}\nSHA256: {Convert.ToHexStringLower(SHA256.HashData(content))}\n\n");
        }

        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(index.ToString()));
        }

        File.WriteAllBytes($"{Mirror}/dists/test/main/binary-amd64/Packages.gz", compressed.ToArray());
        var digest = Digest.Of(compressed.ToArray());
        var release = $"Origin: {Origin}\nLabel: {Origin}\nSuite: {Codename}\nCodename: {Codename}\nDate: {Format(Date)}\n{(ValidUntil is { } until ? $"Valid-Until: {Format(until)}\n" : "")}Architectures: amd64 arm64\nComponents: main\nSHA256:\n {digest.Hash} {digest.SizeBytes} main/binary-amd64/Packages.gz\n {digest.Hash} {digest.SizeBytes} main/binary-arm64/Packages.gz\n";
        File.WriteAllText(InRelease, (signer ?? Signer).SignText(release, Date));
    }

    public AptConfiguration Configuration() => AptConfiguration.Read(Apt, new Dictionary<string, string>(StringComparer.Ordinal));

    public ToolchainBuilder Builder() => Builder(Store, State);

    /// <summary>As another user, or another machine, would have it.</summary>
    public ToolchainBuilder Builder(ContentStore store, string state, params string[] folders) =>
        new(store, Configuration(), state, new FixedTime(Now), static _ => { }, folders, new DownloadPatience { FirstPause = TimeSpan.FromMilliseconds(1), RoundsMax = 2 });

    public ToolchainBuilder Builder(ToolchainProject project) =>
        new(Store, Configuration(), State, new FixedTime(Now), static _ => { }, [], new DownloadPatience { FirstPause = TimeSpan.FromMilliseconds(1), RoundsMax = 2 }, project);

    public void Dispose()
    {
        Store.Dispose();
        Signer.Dispose();
        _folder.Dispose();
    }

    private static string Format(DateTimeOffset date) => date.ToString("ddd, dd MMM yyyy HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
