using System.Globalization;
using System.Text;

using Cairn.Core.Toolchains.Debian;
using Cairn.Store.Files;

namespace Cairn.Execution.Toolchains.Debian;

/// <summary>
/// The newest release of each suite that this user has seen. A signature stays right for ever: whoever stands between could otherwise show an old release, with the holes that
/// later ones closed. It stands in the state folder, which whoever can write to the store cannot write to.
/// </summary>
public sealed class ReleaseMemory
{
    private readonly string _path;

    /// <summary>In the user's state folder.</summary>
    public ReleaseMemory(string stateDirectory) => _path = Path.Combine(stateDirectory, "toolchains", "releases");

    /// <summary>The date of the newest one of the same suite; null where there was none.</summary>
    public DateTimeOffset? NewestOf(ReleaseFile release)
    {
        ArgumentNullException.ThrowIfNull(release);
        return Read().TryGetValue(Key(release), out var date) ? date : null;
    }

    /// <summary>Remembers one that was accepted.</summary>
    public async Task NoteAsync(ReleaseFile release, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(release);
        if (NewestOf(release) >= release.Date)
        {
            return;
        }

        // Whoever wrote without the lock might take away what another process has just learnt.
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        using var turn = await FileLock.AcquireAsync(_path + ".lock", "toolchain", waiting: null, TimeProvider.System, cancellationToken);
        var all = Read();
        if (all.TryGetValue(Key(release), out var known) && known >= release.Date)
        {
            return;
        }

        all[Key(release)] = release.Date;
        var text = new StringBuilder();
        foreach (var (key, date) in all)
        {
            text.Append(CultureInfo.InvariantCulture, $"{date.ToUnixTimeSeconds()} {key}\n");
        }

        DurableFile.Replace(_path, Encoding.UTF8.GetBytes(text.ToString()));
    }

    private SortedDictionary<string, DateTimeOffset> Read()
    {
        var all = new SortedDictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        if (!File.Exists(_path))
        {
            return all;
        }

        foreach (var line in File.ReadAllLines(_path))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0 || !long.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                throw new ToolchainException($"`{_path}` is damaged", "it says which releases were the newest; remove it to begin anew");
            }

            all[line[(space + 1)..]] = DateTimeOffset.FromUnixTimeSeconds(seconds);
        }

        return all;
    }

    private static string Key(ReleaseFile release) => $"{release.Codename} {release.Origin} {release.Label}".ReplaceLineEndings(" ");
}
