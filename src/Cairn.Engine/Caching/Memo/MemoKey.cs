using System.Security.Cryptography;

using Cairn.Store.Files;

namespace Cairn.Engine.Caching.Memo;

/// <summary>The key of the MAC over memos: the user's own, in the state folder, which neither the project nor the store contains.</summary>
internal static class MemoKey
{
    private const int KeyBytes = 32;

    /// <summary>Reads the key, or makes one at first use. Null where it can be neither.</summary>
    public static byte[]? TryGet(string stateDirectory)
    {
        var path = Path.Combine(stateDirectory, "memo.key");
        try
        {
            if (TryRead(path) is { } key)
            {
                return key;
            }

            Directory.CreateDirectory(stateDirectory);
            DurableFile.Replace(path, RandomNumberGenerator.GetBytes(KeyBytes), durable: false, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            // Two first runs at once: the later key stands, and the earlier run's memo will not verify.
            return TryRead(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static byte[]? TryRead(string path) => File.Exists(path) && File.ReadAllBytes(path) is { Length: KeyBytes } key ? key : null;
}
