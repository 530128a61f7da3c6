using System.Globalization;
using System.Text;

using Cairn.Store.Log;

namespace Cairn.StoreDriver;

/// <summary>Processes that append to a log until somebody kills them. Each tells on standard output what was answered, before the next is appended.</summary>
internal static class LogWork
{
    /// <summary>A leaf by its number.</summary>
    public static byte[] Leaf(int number) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"driven leaf {number}"));

    /// <summary>What one life of a log has: its beginning, single entries, a batch over a tile's end, a fold.</summary>
    public static int Run(string folder)
    {
        using (var warm = Open(folder + "-warm"))
        {
            _ = warm.AppendLeaves([.. Enumerable.Range(0, 300).Select(Leaf)], CancellationToken.None);
            warm.Rebuild(CancellationToken.None);
        }

        try
        {
            File.OpenHandle(Program.Marker).Dispose();
        }
        catch (FileNotFoundException)
        {
            // As it should be: only the call counts.
        }

        using var log = Open(folder);
        Append(log, 0, 1);
        Append(log, 1, 2);
        Append(log, 3, 300);
        log.Rebuild(CancellationToken.None);
        Append(log, 303, 1);
        return 0;
    }

    /// <summary>Appends one by one, and some at once, without end.</summary>
    public static int GoOn(string folder, int seed)
    {
        using var log = Open(folder);
        for (var next = seed; ;)
        {
            var count = next % 7 == 0 ? 60 : 1;
            Append(log, next, count);
            next += count;
        }
    }

    private static void Append(LogFolder log, int first, int count)
    {
        var appended = log.AppendLeaves([.. Enumerable.Range(first, count).Select(Leaf)], CancellationToken.None);
        for (var i = 0; i < count; i++)
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{first + i} {appended.Indexes[i]}"));
        }

        Console.Out.Flush();
    }

    private static LogFolder Open(string folder) => LogFolder.Open(folder, new LogKeys(folder + "-keys"), TimeProvider.System);
}
