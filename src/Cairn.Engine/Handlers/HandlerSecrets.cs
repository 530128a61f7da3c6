using System.Text;

namespace Cairn.Engine.Handlers;

/// <summary>Reads the keys of signatures. What it says never holds a part of one.</summary>
internal static class HandlerSecrets
{
    /// <summary>How the secrets of Standard Webhooks begin: what follows is base64.</summary>
    private const string EncodedPrefix = "whsec_";

    /// <summary>The bytes of a secret. Throws <see cref="IOException"/> with what is wrong with its place.</summary>
    /// <param name="place">Its place.</param>
    /// <param name="variable">Looks up a variable of the caller's environment.</param>
    public static byte[] Read(SecretPlace place, Func<string, string?> variable)
    {
        var text = place.Variable is { } name
            ? variable(name) ?? throw new IOException($"its secret is missing: the variable `{name}` is not set")
            : ReadFile(place.File!);
        text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        var bytes = Decode(text) ?? throw new IOException($"its secret in `{place}` begins with `{EncodedPrefix}` and goes on with what is not base64");
        return bytes.Length < HandlerLimits.SecretBytesMin
            ? throw new IOException($"its secret in `{place}` is shorter than {HandlerLimits.SecretBytesMin} bytes: make one with `openssl rand -hex 32`")
            : bytes;
    }

    private static byte[]? Decode(string text)
    {
        if (!text.StartsWith(EncodedPrefix, StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text[EncodedPrefix.Length..], bytes, out var length) ? bytes[..length] : null;
    }

    private static string ReadFile(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var others = File.GetUnixFileMode(handle) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
            if (others != UnixFileMode.None)
            {
                throw new IOException($"its secret in `{path}` is open to others: run `chmod 600` on it");
            }

            var content = new byte[HandlerLimits.SecretBytesMax + 1];
            var length = RandomAccess.Read(handle, content, 0);
            return length <= HandlerLimits.SecretBytesMax ? Encoding.UTF8.GetString(content, 0, length) : throw new IOException($"its secret in `{path}` is larger than {HandlerLimits.SecretBytesMax} bytes");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"its secret is missing: there is no file `{path}`", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"its secret in `{path}` cannot be read: permission denied", exception);
        }
    }
}
