using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Cairn.Core.Actions;
using Cairn.Core.Fetching;

namespace Cairn.Engine.Fetching;

/// <summary>How what was fetched differs from what was fetched before.</summary>
/// <param name="Added">Files that are new.</param>
/// <param name="Changed">Files with other bytes, another mode or target.</param>
/// <param name="Removed">Files that are gone.</param>
/// <param name="First">The first of them, in words.</param>
internal sealed record FetchComparison(int Added, int Changed, int Removed, ImmutableArray<string> First)
{
    private const int FirstMax = 10;
    private const int PathCharsMax = 200;

    /// <summary>Compares two lists of files; both may be in any order.</summary>
    public static FetchComparison Of(IReadOnlyList<OutputFile> before, IReadOnlyList<OutputFile> after)
    {
        var old = new Dictionary<string, OutputFile>(before.Count, StringComparer.Ordinal);
        foreach (var file in before)
        {
            old[file.Path] = file;
        }

        var (added, changed) = (0, 0);
        var words = new List<(string Path, string Word)>();
        foreach (var file in after)
        {
            if (!old.Remove(file.Path, out var was))
            {
                added++;
                words.Add((file.Path, "added"));
            }
            else if (was != file)
            {
                changed++;
                words.Add((file.Path, "changed"));
            }
        }

        foreach (var path in old.Keys)
        {
            words.Add((path, "missing"));
        }

        words.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new FetchComparison(added, changed, old.Count, [.. words.Take(FirstMax).Select(static w => $"`{Short(w.Path)}` {w.Word}")]);
    }

    /// <summary>What differs: files by name, with how many there are beyond those.</summary>
    public string Describe()
    {
        var count = Added + Changed + Removed;
        return Join(First, count);
    }

    /// <summary>The same where only the pins are there to compare.</summary>
    public static string Describe(FetchPin before, FetchPin after)
    {
        var parts = FetchPin.Differing(before.Parts, after.Parts);
        return parts.Count == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{before.Files} files of {before.Bytes} bytes were pinned, {after.Files} files of {after.Bytes} bytes came")
            : Join([.. parts.Take(FirstMax).Select(static p => $"`{Short(p)}` differs")], parts.Count);
    }

    private static string Join(ImmutableArray<string> first, int count)
    {
        var text = new StringBuilder(string.Join(", ", first));
        return count > first.Length ? text.Append(CultureInfo.InvariantCulture, $" and {count - first.Length} more").ToString() : text.ToString();
    }

    // Names of files are anything.
    private static string Short(string path)
    {
        var text = new StringBuilder();
        foreach (var c in path.Length <= PathCharsMax ? path : $"…{path[^PathCharsMax..]}")
        {
            text.Append(char.IsControl(c) ? '?' : c);
        }

        return text.ToString();
    }
}
