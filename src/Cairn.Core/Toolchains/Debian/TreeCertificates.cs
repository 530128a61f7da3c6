using System.Security.Cryptography;
using System.Text;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>Makes what <c>update-ca-certificates</c> makes: one file of all certificates, each by its name, and the store that Java reads.</summary>
internal static class TreeCertificates
{
    private const string Folder = "usr/share/ca-certificates/";

    /// <summary>What the package has that links Java's programs to a store of the machine.</summary>
    private const string JavaConfiguration = "/etc/default/cacerts";

    public static void Add(TreeFiles files)
    {
        var paths = files.Below(Folder).Where(static path => path.EndsWith(".crt", StringComparison.Ordinal)).ToArray();
        if (paths.Length == 0)
        {
            return;
        }

        var bundle = new MemoryStream();
        var configuration = new StringBuilder();
        var java = new JavaKeyStore();
        foreach (var path in paths)
        {
            var content = files.Read(path) ?? throw new FormatException($"The certificate `/{path}` cannot be read");
            bundle.Write(content);
            if (content.Length > 0 && content[^1] != '\n')
            {
                bundle.WriteByte((byte)'\n');
            }

            configuration.Append(path.AsSpan(Folder.Length)).Append('\n');
            var name = path[(path.LastIndexOf('/') + 1)..^4] + ".pem";
            files.TryAddLink($"etc/ssl/certs/{name}", $"/{path}");
            if (CertificateName.TryHash(content) is { } hash)
            {
                // Of two that have the same subject the second has the number one.
                for (var number = 0; !files.TryAddLink($"etc/ssl/certs/{hash}.{number}", name); number++)
                {
                }

                java.Add($"debian:{name}", Decode(content));
            }
        }

        files.SetFile("etc/ssl/certs/ca-certificates.crt", bundle.ToArray());
        files.SetFile("etc/ca-certificates.conf", configuration.ToString());
        if (files.Exists(JavaConfiguration))
        {
            files.SetFile("etc/ssl/certs/java/cacerts", java.ToBytes());
        }
    }

    private static byte[] Decode(byte[] pem)
    {
        var text = Encoding.ASCII.GetString(pem);
        return Convert.FromBase64String(text[PemEncoding.Find(text).Base64Data]);
    }
}
