using System.Globalization;
using System.Text;

namespace Cairn.Trust.Log;

/// <summary>
/// A tile of a log (C2SP tlog-tiles): up to 256 hashes of one level of the tree that stand beside each other, or the entries below a tile of level 0. Levels count trees of height 8:
/// a hash of level 1 is that over a full tile of level 0.
/// </summary>
/// <param name="Level">The level; <see cref="EntriesLevel"/> for the entries themselves.</param>
/// <param name="Index">Which one of its level, from the left.</param>
/// <param name="Width">How many hashes or entries it has.</param>
public readonly record struct TilePath(int Level, long Index, int Width)
{
    /// <summary>The height of a tile, in levels of the tree.</summary>
    public const int Height = 8;

    /// <summary>The hashes of a full tile.</summary>
    public const int WidthMax = 1 << Height;

    /// <summary>The highest level that a path can name.</summary>
    public const int LevelMax = 63;

    /// <summary>The level that stands for the entries below level 0.</summary>
    public const int EntriesLevel = -1;

    /// <summary>The folder in which tiles stand.</summary>
    public const string Folder = "tile";

    private const string EntriesName = "entries";
    private const string PartialMark = ".p/";
    private const int GroupDigits = 3;

    /// <summary>Whether it has all its hashes, and never changes.</summary>
    public bool IsFull => Width == WidthMax;

    /// <summary>The bytes of its hashes.</summary>
    public int Bytes => Width * MerkleHash.Bytes;

    /// <summary>The tile that has hash number <paramref name="hash"/> of a level, in the tree of a size.</summary>
    public static TilePath Holding(int level, long hash, long treeSize)
    {
        var index = hash >> Height;
        var hashes = level < 0 ? treeSize : HashesOf(level, treeSize);
        return new TilePath(level, index, (int)Math.Min(hashes - (index << Height), WidthMax));
    }

    /// <summary>How many hashes a level has in the tree of a size.</summary>
    public static long HashesOf(int level, long treeSize) => level * Height >= 64 ? 0 : treeSize >> (level * Height);

    /// <summary>Where it stands: <c>tile/0/x001/x234/067</c>, with <c>.p/</c> and the width where it is not full.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Folder).Append('/');
        text = Level < 0 ? text.Append(EntriesName) : text.Append(CultureInfo.InvariantCulture, $"{Level}");
        AppendIndex(text.Append('/'), Index);
        return (IsFull ? text : text.Append(PartialMark).Append(CultureInfo.InvariantCulture, $"{Width}")).ToString();
    }

    /// <summary>Reads a path; false where it is not exactly one that a tile has.</summary>
    public static bool TryParse(string path, out TilePath tile)
    {
        ArgumentNullException.ThrowIfNull(path);
        tile = default;
        var parts = path.Split('/');
        var width = WidthMax;
        var end = parts.Length;
        if (end >= 2 && parts[end - 2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!TryNumber(parts[end - 1], WidthMax - 1, out width) || width == 0)
            {
                return false;
            }

            end--;
            parts[end - 1] = parts[end - 1][..^2];
        }

        if (end < 3 || parts[0] != Folder)
        {
            return false;
        }

        var level = EntriesLevel;
        if (parts[1] != EntriesName && !TryNumber(parts[1], LevelMax, out level))
        {
            return false;
        }

        long index = 0;
        for (var i = 2; i < end; i++)
        {
            var group = parts[i].AsSpan();
            if (i < end - 1)
            {
                if (!group.StartsWith("x"))
                {
                    return false;
                }

                group = group[1..];
            }

            // A leading group of zeros would be a second name for the same tile.
            if (group.Length != GroupDigits || !int.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var digits) || (i == 2 && end > 3 && digits == 0) || index > long.MaxValue / 1000 - 1)
            {
                return false;
            }

            index = (index * 1000) + digits;
        }

        tile = new TilePath(level, index, width);
        return true;
    }

    private static void AppendIndex(StringBuilder text, long index)
    {
        if (index >= 1000)
        {
            AppendGroups(text, index / 1000);
        }

        text.Append(CultureInfo.InvariantCulture, $"{index % 1000:D3}");
    }

    private static void AppendGroups(StringBuilder text, long index)
    {
        if (index >= 1000)
        {
            AppendGroups(text, index / 1000);
        }

        text.Append(CultureInfo.InvariantCulture, $"x{index % 1000:D3}/");
    }

    private static bool TryNumber(string text, int max, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= max && (text.Length == 1 || text[0] != '0');
}
