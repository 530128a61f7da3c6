using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

using Cairn.Core.Content;
using Cairn.Execution.Toolchains.Downloads;
using Cairn.Store.Content;

namespace Cairn.Execution.Toolchains.Archives;

/// <summary>The archive of an SDK as its publisher lists it.</summary>
/// <param name="Asked">The version that was asked for.</param>
/// <param name="Version">The version that it is.</param>
/// <param name="Place">Where it is.</param>
/// <param name="Sha512">Its hash.</param>
public sealed record DotnetArchive(string Asked, string Version, string Place, string Sha512);

/// <summary>SDKs of .NET: those that are published, and those of the machine.</summary>
internal sealed class DotnetSdks(ToolchainTools tools)
{
    private const string ListVariable = "CAIRN_DOTNET_RELEASES";
    private const string ListPlace = "https://builds.dotnet.microsoft.com/dotnet/release-metadata/";
    private const int ListBytesMax = 64 << 20;
    private const int Sha512Chars = 128;

    // Where packages and installers put it, after what the caller's PATH has.
    private static readonly string[] UsualFolders = ["/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet", "/opt/dotnet"];

    /// <summary>Finds the archive of the newest SDK whose version begins as asked. Throws <see cref="ToolchainException"/>.</summary>
    public async Task<DotnetArchive> FindAsync(string name, string asked, CancellationToken cancellationToken)
    {
        var parts = asked.Split('.', 3);
        var channel = $"{parts[0]}.{parts[1]}";
        tools.Tell($"reading which SDKs of .NET {channel} there are");
        var list = tools.Project.Environment.TryGetValue(ListVariable, out var other) && other.Length > 0 ? other.TrimEnd('/') + "/" : ListPlace;
        var content = await tools.Downloader.ReadAsync([new Uri($"{list}{channel}/releases.json")], ListBytesMax, FetchWords.OfFile, access: null, cancellationToken);
        return Read(name, asked, content, Platform()) ?? throw new ToolchainException($"The toolchain `{name}` asks for the SDK {asked} of .NET, and its publisher has none for {Platform()}", "see https://dotnet.microsoft.com/download for what there is");
    }

    /// <summary>Brings an archive into the store, checked by the hash of its publisher. Throws <see cref="ToolchainException"/>.</summary>
    public async Task<Digest> FetchAsync(DotnetArchive sdk, long bytesMax, CancellationToken cancellationToken)
    {
        tools.Expect($"fetching the SDK {sdk.Version} of .NET", 0);
        return await tools.Downloader.FetchSha512Async([new Uri(sdk.Place)], sdk.Sha512, bytesMax, cancellationToken);
    }

    /// <summary>The SHA-512 hash of a blob, in lower-case hexadecimal.</summary>
    public static string Sha512Of(ContentStore store, Digest digest)
    {
        using var source = store.TryOpen(digest) ?? throw new ToolchainException("The archive is no longer in the store");
        return Convert.ToHexStringLower(SHA512.HashData(source));
    }

    /// <summary>The folder of the machine's SDKs, and the newest version there that begins as asked. Throws <see cref="ToolchainException"/>.</summary>
    public static (string Folder, string Version) Installed(string name, string asked, IReadOnlyDictionary<string, string> environment)
    {
        var others = new List<string>();
        foreach (var folder in Folders(environment))
        {
            if (!Directory.Exists($"{folder}/sdk"))
            {
                continue;
            }

            var versions = Directory.EnumerateDirectories($"{folder}/sdk").Select(static d => Path.GetFileName(d)).Where(static v => char.IsAsciiDigit(v[0])).ToList();
            if (Newest(versions, asked) is { } version)
            {
                return (folder, version);
            }

            others.AddRange(versions);
        }

        throw new ToolchainException(
            $"The toolchain `{name}` asks for the SDK {asked} of .NET, which is not installed on this machine",
            others.Count == 0 ? "install it, or leave `installed` out to have its archive fetched" : $"it has {string.Join(", ", others.Select(static v => $"`{v}`"))}");
    }

    /// <summary>The newest of versions that are as asked, or begin so; a preview only where it was asked for.</summary>
    internal static string? Newest(IEnumerable<string> versions, string asked) => versions
        .Where(version => version == asked || (version.StartsWith(asked + ".", StringComparison.Ordinal) && !version.Contains('-', StringComparison.Ordinal)))
        .OrderByDescending(static version => Version.TryParse(version, out var parsed) ? parsed : null).FirstOrDefault();

    /// <summary>Reads the publisher's list. Throws <see cref="ToolchainException"/>.</summary>
    internal static DotnetArchive? Read(string name, string asked, byte[] list, string platform)
    {
        try
        {
            using var document = JsonDocument.Parse(list, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var archives = new Dictionary<string, DotnetArchive>(StringComparer.Ordinal);
            foreach (var release in document.RootElement.GetProperty("releases").EnumerateArray())
            {
                foreach (var sdk in release.TryGetProperty("sdks", out var sdks) && sdks.ValueKind == JsonValueKind.Array ? sdks.EnumerateArray() : default)
                {
                    var version = sdk.GetProperty("version").GetString()!;
                    foreach (var file in sdk.GetProperty("files").EnumerateArray())
                    {
                        if (file.GetProperty("rid").GetString() == platform && file.GetProperty("url").GetString() is { } url && url.EndsWith(".tar.gz", StringComparison.Ordinal)
                            && file.GetProperty("hash").GetString()?.ToLowerInvariant() is { Length: Sha512Chars } hash && !hash.AsSpan().ContainsAnyExcept(HexDigits))
                        {
                            archives[version] = Uri.TryCreate(url, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.IsLoopback)
                                ? new DotnetArchive(asked, version, url, hash)
                                : throw new ToolchainException($"The list of SDKs names `{url}`, which would be fetched without encryption");
                        }
                    }
                }
            }

            return Newest(archives.Keys, asked) is { } newest ? archives[newest] : null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ToolchainException($"The list of SDKs for `{name}` cannot be read: {exception.Message}", inner: exception);
        }
    }

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    private static string Platform() => $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private static IEnumerable<string> Folders(IReadOnlyDictionary<string, string> environment)
    {
        if (environment.TryGetValue("DOTNET_ROOT", out var root) && Path.IsPathRooted(root))
        {
            yield return root.TrimEnd('/');
        }

        foreach (var folder in (environment.GetValueOrDefault("PATH") ?? "").Split(':'))
        {
            if (Path.IsPathRooted(folder) && File.Exists($"{folder}/dotnet"))
            {
                var target = File.ResolveLinkTarget($"{folder}/dotnet", returnFinalTarget: true)?.FullName ?? $"{folder}/dotnet";
                yield return Path.GetDirectoryName(target)!;
            }
        }

        foreach (var folder in UsualFolders)
        {
            yield return folder;
        }
    }
}
