using System.Collections.Immutable;

namespace Cairn.Engine.Reproduce;

/// <summary>What differs between two executions that should make the same; a set of them.</summary>
[Flags]
public enum Variations
{
    /// <summary>Nothing: as it was recorded.</summary>
    None = 0,

    /// <summary>The folder of the project.</summary>
    Path = 1 << 0,

    /// <summary>The clock: a year ahead where libfaketime is installed, else some seconds later.</summary>
    Time = 1 << 1,

    /// <summary>The time zone.</summary>
    TimeZone = 1 << 2,

    /// <summary>Language and character set.</summary>
    Locale = 1 << 3,

    /// <summary>The machine's name.</summary>
    Hostname = 1 << 4,

    /// <summary>The order in which folders list their files.</summary>
    FileOrder = 1 << 5,

    /// <summary>How many processors there are.</summary>
    Cpus = 1 << 6,

    /// <summary>The file mode creation mask.</summary>
    Umask = 1 << 7,

    /// <summary>The name and the number of the user.</summary>
    User = 1 << 8,
}

/// <summary>The words for variations.</summary>
public static class VariationNames
{
    private static readonly ImmutableArray<(Variations Variation, string Name)> Names =
    [
        (Variations.Path, "path"), (Variations.Time, "time"), (Variations.TimeZone, "timezone"), (Variations.Locale, "locale"), (Variations.Hostname, "hostname"),
        (Variations.FileOrder, "file-order"), (Variations.Cpus, "cpus"), (Variations.Umask, "umask"), (Variations.User, "user"),
    ];

    /// <summary>All of them.</summary>
    public static Variations All { get; } = (Variations)((1 << 9) - 1);

    /// <summary>Their names, in their order.</summary>
    public static ImmutableArray<string> Words { get; } = [.. Names.Select(static n => n.Name)];

    /// <summary>The members of a set, each as a set of its own.</summary>
    public static ImmutableArray<Variations> Each(Variations set) => [.. Names.Where(n => set.HasFlag(n.Variation)).Select(static n => n.Variation)];

    /// <summary>The names of a set's members.</summary>
    public static ImmutableArray<string> Of(Variations set) => [.. Names.Where(n => set.HasFlag(n.Variation)).Select(static n => n.Name)];

    /// <summary>The variation of a name, or null.</summary>
    public static Variations? Find(string name)
    {
        foreach (var (variation, known) in Names)
        {
            if (string.Equals(known, name, StringComparison.Ordinal))
            {
                return variation;
            }
        }

        return null;
    }
}
