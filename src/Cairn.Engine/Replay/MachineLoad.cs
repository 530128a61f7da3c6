using System.Globalization;

namespace Cairn.Engine.Replay;

/// <summary>How busy others keep the processors: the part of their time that went to processes which are not nice, as those of a challenge are.</summary>
/// <param name="readStatistics">Gives the first line of <c>/proc/stat</c>.</param>
internal sealed class MachineLoad(Func<string> readStatistics)
{
    private const int UserField = 0;

    // Guests' time is counted as their host process's already.
    private const int FieldsMax = 8;

    private (long Others, long All) _last = Read(readStatistics());

    /// <summary>Of this machine.</summary>
    public static MachineLoad OfMachine() => new(static () => File.ReadLines("/proc/stat").First());

    /// <summary>The part since it was last asked, from 0 to 1; 0 where no time has passed.</summary>
    public double Share()
    {
        var now = Read(readStatistics());
        var (others, all) = (now.Others - _last.Others, now.All - _last.All);
        _last = now;
        return all <= 0 ? 0 : Math.Clamp((double)others / all, 0, 1);
    }

    private static (long Others, long All) Read(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (others, all) = (0L, 0L);
        for (var i = 1; i < fields.Length && i <= FieldsMax; i++)
        {
            var ticks = long.Parse(fields[i], NumberStyles.None, CultureInfo.InvariantCulture);
            all += ticks;
            others += i - 1 == UserField ? ticks : 0;
        }

        return (others, all);
    }
}
