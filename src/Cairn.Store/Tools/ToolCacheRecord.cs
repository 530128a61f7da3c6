using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Files;

namespace Cairn.Store.Tools;

/// <summary>
/// What the files beside a tool cache say. <c>cache</c>: its name, whether it is shared, its quota. <c>owners/HASH</c>: a project and when it
/// last used the cache. Each file is replaced as a whole; one that cannot be read counts as not written, and the next use writes it again.
/// </summary>
/// <param name="Name">The cache's name.</param>
/// <param name="Shared">Whether all projects of the user share it.</param>
/// <param name="QuotaBytes">Its quota, or null for the default one.</param>
internal sealed record ToolCacheRecord(string Name, bool Shared, long? QuotaBytes)
{
    private const string Header = "cairn-tool-cache 1";
    private const string OwnerHeader = "cairn-tool-cache-owner 1";
    private const int FileBytesMax = 64 << 10;
    private const int NameCharsMax = 120;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The end of the keys of what sandboxed steps use; no name comes to hold it.</summary>
    public const string SandboxSuffix = "+sandbox";

    /// <summary>The folder's name: readable where the cache's name is plain, and always a single segment of a fair length.</summary>
    public static string Key(string name, bool shared, string projectDirectory, bool sandboxed)
    {
        var key = new StringBuilder(shared ? "shared-" : $"project-{Hash(projectDirectory)}-");
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            _ = char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' ? key.Append((char)b) : key.Append(CultureInfo.InvariantCulture, $"%{b:x2}");
        }

        var plain = key.Length <= NameCharsMax ? key.ToString() : $"{key.ToString(0, NameCharsMax - 20)}~{Hash(name)}";
        return sandboxed ? plain + SandboxSuffix : plain;
    }

    /// <summary>The first 64 bits of a text's SHA-256, as hex.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    public static ToolCacheRecord? TryRead(string path) =>
        Lines(path, Header, 4) is [_, ("shared" or "private") and var scope, var quota, var name] && name.Length > 0 && TryQuota(quota, out var bytes)
            ? new ToolCacheRecord(name, scope == "shared", bytes)
            : null;

    public void Write(string path) =>
        DurableFile.Replace(path, Utf8.GetBytes($"{Header}\n{(Shared ? "shared" : "private")}\n{QuotaBytes?.ToString(CultureInfo.InvariantCulture) ?? "-"}\n{Name}"), durable: false);

    /// <summary>Reads an owner; one that is damaged has no project, and its file's time as the last use. Null where it is gone.</summary>
    public static ToolCacheOwner? TryReadOwner(string path)
    {
        if (Lines(path, OwnerHeader, 3) is [_, var time, var project]
            && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() && project.StartsWith('/'))
        {
            return new ToolCacheOwner(project, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
        }

        return File.Exists(path) ? new ToolCacheOwner(null, new DateTimeOffset(File.GetLastWriteTimeUtc(path))) : null;
    }

    public static void WriteOwner(string path, string projectDirectory, DateTimeOffset now) =>
        DurableFile.Replace(path, Utf8.GetBytes($"{OwnerHeader}\n{now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}\n{projectDirectory}"), durable: false);

    private static bool TryQuota(string text, out long? bytes)
    {
        bytes = null;
        if (text == "-")
        {
            return true;
        }

        var good = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        bytes = value;
        return good;
    }

    // The last line takes the rest: a path may hold line ends.
    private static string[]? Lines(string path, string header, int count)
    {
        byte[] content;
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var length = RandomAccess.GetLength(handle);
            if (length > FileBytesMax)
            {
                return null;
            }

            content = new byte[length];
            if (RandomAccess.Read(handle, content, 0) != length)
            {
                return null;
            }
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }

        try
        {
            var lines = Utf8.GetString(content).Split('\n', count);
            return lines.Length == count && lines[0] == header ? lines : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
