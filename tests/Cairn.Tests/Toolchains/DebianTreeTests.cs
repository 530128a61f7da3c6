using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Toolchains.Debian;

namespace Cairn.Tests.Toolchains;

public sealed class DebianTreeTests
{
    private readonly Dictionary<Digest, byte[]> _blobs = [];
    private readonly List<PackageFiles> _packages = [];

    [Fact]
    public void TryMake_LoadsExtensionsOfPhp_InTheOrderOfTheirPriority()
    {
        Package("php8.2-cli", [("usr/bin/php8.2", "x"), ("usr/lib/php/8.2/sapi/cli", ""), ("usr/lib/php/8.2/sapi/cgi", "")]);
        Package("php8.2-common", [("usr/share/php/pdo.ini", "; settings\n; priority=10\nextension=pdo.so\n"), ("usr/share/php/xml.ini", "extension=xml.so\n")], """
            for dso in pdo xml ghost; do
                ucf /usr/share/php/$dso.ini /etc/php/8.2/mods-available/$dso.ini
                php_invoke enmod 8.2 ALL $dso
            done
            """);

        var files = Make();

        Assert.Equal("extension=xml.so\n", files["etc/php/8.2/mods-available/xml.ini"]);
        Assert.Equal(
            ["etc/php/8.2/cgi/conf.d/10-pdo.ini", "etc/php/8.2/cgi/conf.d/20-xml.ini", "etc/php/8.2/cli/conf.d/10-pdo.ini", "etc/php/8.2/cli/conf.d/20-xml.ini"],
            files.Keys.Where(static path => path.Contains("conf.d", StringComparison.Ordinal)));
        Assert.Equal("→/etc/php/8.2/mods-available/pdo.ini", files["etc/php/8.2/cli/conf.d/10-pdo.ini"]);
    }

    [Fact]
    public void TryMake_LeavesSettingsThatAPackageBrings()
    {
        Package("tool", [("usr/share/tool/default", "template"), ("etc/tool.conf", "own"), ("usr/share/tool/other", "other")], "ucf /usr/share/tool/default /etc/tool.conf\n[ -e /etc/o ] || cp -p /usr/share/tool/other /etc/o\n");

        var files = Make();

        Assert.Equal(("own", "other"), (files["etc/tool.conf"], files["etc/o"]));
    }

    [Fact]
    public void TryMake_PutsWhatIsDivertedElsewhere()
    {
        Package("awk", [("usr/bin/awk", "old")]);
        Package("better-awk", [("usr/bin/awk", "new")], "dpkg-divert --package better-awk --add --rename --divert /usr/bin/awk.old /usr/bin/awk", "preinst");

        var files = Make();

        Assert.Equal(("new", "old"), (files["usr/bin/awk"], files["usr/bin/awk.old"]));
    }

    [Fact]
    public void TryMake_RefusesTwoThatDivertTheSame()
    {
        Package("one", [], "dpkg-divert --add --divert /a.one /a", "preinst");
        Package("two", [], "dpkg-divert --add --divert /a.two /a", "preinst");

        Assert.Equal("`one` and `two` both put `/a` of other packages elsewhere", Assert.Single(Problems()));
    }

    [Fact]
    public void TryMake_MakesCatalogs()
    {
        Package("sgml-base", [("usr/sbin/update-catalog", "x")], "update-catalog --quiet --update-super\nln -sf /var/lib/sgml-base/supercatalog /etc/sgml/catalog\n");
        Package("docbook", [("etc/sgml/a.cat", "CATALOG /usr/share/sgml/a\n")], """
            update-xmlcatalog --sort --add --type system --id "http://b/?x&y" --package docbook --local /usr/share/xml/docbook/catalog.xml
            update-xmlcatalog --sort --add --type public --id "-//A//" --package docbook --local /usr/share/xml/docbook/catalog.xml
            update-xmlcatalog --sort --add --type uri --id "http://b/" --package docbook --root
            update-catalog --quiet --add /etc/sgml/docbook.cat /usr/share/sgml/docbook/catalog
            """);

        var files = Make();

        const string Head = "<?xml version=\"1.0\"?>\n<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\">\n";
        Assert.Equal(
            $"{Head}<delegatePublic publicIdStartString=\"-//A//\" catalog=\"file:///usr/share/xml/docbook/catalog.xml\"/>\n<delegateSystem systemIdStartString=\"http://b/?x&amp;y\" catalog=\"file:///usr/share/xml/docbook/catalog.xml\"/>\n</catalog>\n",
            files["etc/xml/docbook.xml"]);
        Assert.Equal($"{Head}<delegateURI uriStartString=\"http://b/\" catalog=\"file:///etc/xml/docbook.xml\"/>\n</catalog>\n", files["etc/xml/catalog"]);
        Assert.Equal("CATALOG /usr/share/sgml/docbook/catalog\n", files["etc/sgml/docbook.cat"]);
        Assert.Equal("CATALOG /etc/sgml/a.cat\nCATALOG /etc/sgml/docbook.cat\n", files["var/lib/sgml-base/supercatalog"]);
        Assert.Equal("→/var/lib/sgml-base/supercatalog", files["etc/sgml/catalog"]);
    }

    [Fact]
    public void TryMake_ListsParsersOfPerl()
    {
        Package("parser", [], "update-perl-sax-parsers --add XML::A\nupdate-perl-sax-parsers --add XML::Pure --priority 10\nupdate-perl-sax-parsers --update\n");

        Assert.Equal("[XML::Pure]\nhttp://xml.org/sax/features/namespaces = 1\n\n[XML::A]\nhttp://xml.org/sax/features/namespaces = 1\n\n", Make()["etc/perl/XML/SAX/ParserDetails.ini"]);
    }

    [Fact]
    public void TryMake_GivesCompilersTheirLinksToCcache()
    {
        Package("gcc", [("usr/bin/gcc", "x"), ("usr/bin/x86_64-linux-gnu-g++-12", "x"), ("usr/bin/gcc-ar", "x"), ("usr/bin/clang-14", "x"), ("usr/bin/clang-format", "x")], "update-alternatives --install /usr/bin/cc cc /usr/bin/gcc 20");
        Package("ccache", [("usr/bin/ccache", "x")], "update-ccache-symlinks");

        var links = Make().Where(static file => file.Key.StartsWith("usr/lib/ccache/", StringComparison.Ordinal)).ToArray();

        Assert.Equal(["cc", "clang-14", "gcc", "x86_64-linux-gnu-g++-12"], links.Select(static link => link.Key["usr/lib/ccache/".Length..]));
        Assert.All(links, static link => Assert.Equal("→../../bin/ccache", link.Value));
    }

    [Fact]
    public void TryMake_WritesTheStoreOfCertificatesThatJavaReads()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Root Of Tests", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2036, 1, 1, 0, 0, 0, TimeSpan.Zero));
        Package("ca-certificates", [("usr/share/ca-certificates/mozilla/Test_Root.crt", certificate.ExportCertificatePem())]);
        Package("ca-certificates-java", [("etc/default/cacerts", "yes")]);

        var made = MakeTree(out var problems);

        Assert.Empty(problems);
        var store = Content(made!, "etc/ssl/certs/java/cacerts");
        var raw = certificate.RawData;
        var expected = new List<byte>();
        expected.AddRange(Convert.FromHexString("FEEDFEED0000000200000001" + "00000002"));
        expected.AddRange([0, 20, .. "debian:test_root.pem"u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, .. "X.509"u8]);
        expected.AddRange(Convert.FromHexString(raw.Length.ToString("x8", CultureInfo.InvariantCulture)));
        expected.AddRange(raw);
        Assert.Equal([.. expected], store[..^20]);
        Assert.Equal(certificate.ExportCertificatePem() + "\n", Encoding.ASCII.GetString(Content(made!, "etc/ssl/certs/ca-certificates.crt")));
    }

    [Fact]
    public void TryMake_TellsWhoNeedsWhatCannotBe()
    {
        Package("needed", [("usr/lib/old", "x")], "mv /usr/lib/old /usr/lib/new\nmv /usr/lib/gone /usr/lib/new\nmake-a\nmake-b\nmake-c\n");
        Package("needs", [], control: "Package: needs\nDepends: other (>= 1) | needed:any (= 2), libc6\n");

        Assert.Equal(
            "The package `needed` (which `needs` needs) would do in its postinst what a toolchain cannot: line 2: mv /usr/lib/old /usr/lib/new; line 4: make-a; line 5: make-b and 1 more",
            Assert.Single(Problems()));
    }

    [Fact]
    public void TryMake_IsTheSameWhateverTheOrderOfPackages()
    {
        Package("b", [("usr/bin/b", "b"), ("usr/bin/b2", "b")], "update-alternatives --install /usr/bin/tool tool /usr/bin/b 5\nupdate-alternatives --install /usr/bin/tool tool /usr/bin/b2 5\n");
        Package("a", [("usr/bin/a", "a")], "update-alternatives --install /usr/bin/tool tool /usr/bin/a 5");

        var first = MakeTree(out _)!.Digest;
        _packages.Reverse();

        Assert.Equal(first, MakeTree(out _)!.Digest);
        Assert.Equal("→/usr/bin/a", Make()["etc/alternatives/tool"]);
    }

    private void Package(string name, (string Path, string Content)[] files, string? script = null, string kind = "postinst", string? control = null)
    {
        var parts = ImmutableDictionary<string, string>.Empty;
        parts = script is null ? parts : parts.Add(kind, $"#!/bin/sh\n{script}\n");
        parts = control is null ? parts : parts.Add("control", control);
        _packages.Add(new PackageFiles(name, [.. files.Select(f => new KeyValuePair<string, TreeLeaf>(f.Path, new TreeLeaf(Put(Encoding.UTF8.GetBytes(f.Content)), Executable: false)))], [], parts));
    }

    private Digest Put(byte[] content)
    {
        var digest = Digest.Of(content);
        _blobs[digest] = content;
        return digest;
    }

    private MerkleTree? MakeTree(out ImmutableArray<string> problems) => DebianTree.TryMake(_packages, "amd64", digest => _blobs.GetValueOrDefault(digest, []), Put, out problems);

    private ImmutableArray<string> Problems()
    {
        Assert.Null(MakeTree(out var problems));
        return problems;
    }

    private byte[] Content(MerkleTree tree, string path)
    {
        byte[]? content = null;
        tree.ForEach((at, leaf) => content = at == path ? _blobs[leaf.Digest] : content);
        return content!;
    }

    private SortedDictionary<string, string> Make()
    {
        var tree = MakeTree(out var problems);
        Assert.Empty(problems);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        tree!.ForEach((path, leaf) => files[path] = leaf.Target is { } target ? $"→{target}" : Encoding.UTF8.GetString(_blobs.GetValueOrDefault(leaf.Digest, [])));
        return files;
    }
}
