using Cairn.Core;

namespace Cairn.Store.Files;

/// <summary>A file that a user names, which may be anything.</summary>
public static class NamedFile
{
    /// <summary>Reads it whole; null with what is wrong, for the second half of a sentence, where it is missing, a folder, larger than it may be, or cannot be read.</summary>
    public static byte[]? TryRead(string path, int bytesMax, out string problem)
    {
        try
        {
            // Devices and what the kernel makes up tell no length: what counts is what comes out of them.
            using var file = File.OpenRead(path);
            var bytes = new byte[(file.CanSeek && file.Length is > 0 and var told ? (int)Math.Min(told, bytesMax) : bytesMax) + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length < bytes.Length)
            {
                problem = "";
                return bytes[..length];
            }

            problem = length > bytesMax ? $"it has more than {ByteSizes.Format(bytesMax)}" : "it is being written";
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            problem = "there is no such file";
        }
        catch (UnauthorizedAccessException)
        {
            problem = Directory.Exists(path) ? "it is a folder" : "permission denied";
        }
        catch (IOException exception)
        {
            problem = exception.Message;
        }

        return null;
    }
}
