using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Files;
using Cairn.Store.Layers;

namespace Cairn.Engine.Isolation;

/// <summary>
/// The root of a sandbox before anything is in it: empty folders to mount on, a user, and of the machine's <c>/etc</c> what belongs to its programs rather than to the machine.
/// The machine's <c>/usr</c> is mounted over it.
/// </summary>
internal static class BaseLayer
{
    /// <summary>The user and group that steps run as.</summary>
    public const int UserId = 1000;

    private const string Format = "1";
    private const string Passwd = "root:x:0:0:root:/:/usr/sbin/nologin\ncairn:x:1000:1000:Cairn:/home/cairn:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
    private const string Group = "root:x:0:\ncairn:x:1000:\nnogroup:x:65534:\n";
    private const string Hosts = "127.0.0.1 localhost\n::1 localhost\n";
    private const string NameSwitch = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n";

    // What stands at the root of a machine whose /usr is not merged with it is mounted like /usr.
    private static readonly string[] RootFolders = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

    private static readonly string[] EmptyFolders = ["dev", "etc", "home/cairn", "proc", "run/cairn", "tmp", "usr", "var/tmp", "work"];

    /// <summary>Of <c>/etc</c>: which program a name means, how it finds its libraries and certificates, and settings that packages bring.</summary>
    private static readonly string[] Settings =
    [
        "alternatives", "ca-certificates", "ca-certificates.conf", "fonts", "java", "java-8-openjdk", "java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "java-25-openjdk", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
        "maven", "mime.types", "os-release", "perl", "php", "pki", "protocols", "python3", "python3.11", "python3.12", "python3.13", "services", "ssl", "debian_version",
    ];

    /// <summary>Folders of the machine that are mounted, read-only.</summary>
    public static IEnumerable<string> MountedFolders()
    {
        yield return "/usr";
        foreach (var name in RootFolders)
        {
            if (Directory.Exists("/" + name) && new FileInfo("/" + name).LinkTarget is null)
            {
                yield return "/" + name;
            }
        }
    }

    /// <summary>The key of the layer for this machine as it is now: what stands in it, and how its files look.</summary>
    public static string Key()
    {
        var text = new StringBuilder(Format);
        foreach (var name in RootFolders)
        {
            text.Append('\n').Append(name).Append(' ').Append(new FileInfo("/" + name).LinkTarget);
        }

        foreach (var entry in Entries())
        {
            text.Append('\n').Append(entry.FullName).Append('\0').Append(entry.LinkTarget).Append('\0');
            if (entry is FileInfo { LinkTarget: null } file)
            {
                text.Append(file.Length.ToString(CultureInfo.InvariantCulture)).Append(' ').Append(file.LastWriteTimeUtc.Ticks.ToString(CultureInfo.InvariantCulture));
            }
        }

        return "base-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }

    /// <summary>
    /// What tells whether the layer would be another, without looking at each of its files, as <see cref="Key"/> does: every run asks, and <c>update-alternatives</c>, for one,
    /// changes nothing else.
    /// </summary>
    public static string State()
    {
        using var state = new MemoryStream();
        state.Write(Encoding.UTF8.GetBytes(Format));
        foreach (var name in RootFolders)
        {
            state.Write(Encoding.UTF8.GetBytes($"\n{name} {new FileInfo("/" + name).LinkTarget}"));
        }

        using var folder = DirectoryHandle.Open("/etc");
        foreach (var name in Settings)
        {
            folder.AppendState(name, state);
        }

        return Convert.ToHexStringLower(SHA256.HashData(state.GetBuffer().AsSpan(0, (int)state.Length)));
    }

    /// <summary>The key of what every sandbox has, whatever programs it is given.</summary>
    public static string BareKey() => "bare-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Format}\n{Passwd}\n{Group}\n{Hosts}\n{NameSwitch}\n{string.Join('\n', EmptyFolders)}")))[..32];

    /// <summary>Lays out what every sandbox has.</summary>
    public static void LayOutBare(LayerWriter layer)
    {
        foreach (var folder in EmptyFolders)
        {
            layer.AddFolder(folder);
        }

        layer.AddFile("etc/passwd", Encoding.UTF8.GetBytes(Passwd));
        layer.AddFile("etc/group", Encoding.UTF8.GetBytes(Group));
        layer.AddFile("etc/hosts", Encoding.UTF8.GetBytes(Hosts));
        layer.AddFile("etc/nsswitch.conf", Encoding.UTF8.GetBytes(NameSwitch));
    }

    /// <summary>Lays it out.</summary>
    public static void LayOut(LayerWriter layer)
    {
        LayOutBare(layer);

        foreach (var name in RootFolders)
        {
            if (new FileInfo("/" + name).LinkTarget is { } target)
            {
                layer.AddLink(name, target);
            }
            else if (Directory.Exists("/" + name))
            {
                layer.AddFolder(name);
            }
        }

        foreach (var entry in Entries())
        {
            var path = entry.FullName[1..];
            if (entry.LinkTarget is { } target)
            {
                layer.AddLink(path, target);
            }
            else if (entry is FileInfo)
            {
                using var source = File.OpenHandle(entry.FullName);
                layer.AddFile(path, source, executable: false);
            }
        }
    }

    /// <summary>Files and links of <see cref="Settings"/> that everyone may read: keys of the machine among them are not for steps.</summary>
    private static IEnumerable<FileSystemInfo> Entries()
    {
        var pending = new Stack<string>();
        for (var i = Settings.Length - 1; i >= 0; i--)
        {
            pending.Push("/etc/" + Settings[i]);
        }

        while (pending.TryPop(out var path))
        {
            var file = new FileInfo(path);
            if (file.LinkTarget is not null)
            {
                yield return file;
            }
            else if (Directory.Exists(path))
            {
                if ((File.GetUnixFileMode(path) & (UnixFileMode.OtherRead | UnixFileMode.OtherExecute)) == (UnixFileMode.OtherRead | UnixFileMode.OtherExecute))
                {
                    foreach (var entry in Directory.GetFileSystemEntries(path).OrderDescending(StringComparer.Ordinal))
                    {
                        pending.Push(entry);
                    }
                }
            }
            else if (file.Exists && file.UnixFileMode.HasFlag(UnixFileMode.OtherRead) && !file.Attributes.HasFlag(FileAttributes.Device))
            {
                yield return file;
            }
        }
    }
}
