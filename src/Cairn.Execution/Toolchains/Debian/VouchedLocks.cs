using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Toolchains;
using Cairn.Store.Files;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>
/// The locked toolchains whose packages this user has seen vouched for by signed indexes. What a lock says is no evidence of itself, and the archive forgets: so it is kept in the state
/// folder, which whoever can write to the store or to a repository cannot write to.
/// </summary>
internal sealed class VouchedLocks(string stateDirectory)
{
    private const int LinesMax = 1_000;
    private readonly string _path = Path.Combine(stateDirectory, "toolchains", "vouched");

    /// <summary>Whether exactly this was seen.</summary>
    public bool Has(LockedDebian locked) => Array.IndexOf(Read(), KeyOf(locked)) >= 0;

    /// <summary>Notes one that was.</summary>
    public void Note(LockedDebian locked)
    {
        if (Has(locked))
        {
            return;
        }

        // Of two that write at once one may be lost, and is checked again.
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        DurableFile.Replace(_path, Encoding.ASCII.GetBytes(string.Concat(Read().TakeLast(LinesMax - 1).Append(KeyOf(locked)).Select(static l => l + "\n"))));
    }

    private string[] Read() => File.Exists(_path) ? File.ReadAllLines(_path) : [];

    private static string KeyOf(LockedDebian locked) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToolchainLockText.Write(ToolchainLock.Empty.With(locked)))));
}
