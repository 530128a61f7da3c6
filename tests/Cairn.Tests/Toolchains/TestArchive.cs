using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Execution.Toolchains;
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

    public string this[string name] => _folder[name];

    public TestPackage Add(string name, string version = "1")
    {
        var package = new TestPackage(name, version);
        _packages.RemoveAll(p => p.Name == name);
        _packages.Add(package);
        return package;
    }

    public void WriteSources(string fields) => File.WriteAllText(Apt + "/sources.list.d/test.sources", $"Types: deb\nURIs: file:{Mirror}\n{fields}Components: main\nSigned-By: {Keys}\n");

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
        var release = $"Origin: Test\nLabel: Test\nSuite: {Codename}\nCodename: {Codename}\nDate: {Format(Date)}\n{(ValidUntil is { } until ? $"Valid-Until: {Format(until)}\n" : "")}Architectures: amd64 arm64\nComponents: main\nSHA256:\n {digest.Hash} {digest.SizeBytes} main/binary-amd64/Packages.gz\n {digest.Hash} {digest.SizeBytes} main/binary-arm64/Packages.gz\n";
        File.WriteAllText(InRelease, (signer ?? Signer).SignText(release, Date));
    }

    public ToolchainBuilder Builder(ToolchainProject? project = null) => new(Store, AptConfiguration.Read(Apt, new Dictionary<string, string>(StringComparer.Ordinal)), State, new FixedTime(Now), static _ => { }, project);

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
