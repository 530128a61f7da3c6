using System.Collections.Immutable;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>How the version of a package is bounded.</summary>
public enum VersionRelation
{
    /// <summary>Not at all.</summary>
    Any,

    /// <summary><c>&lt;&lt;</c>.</summary>
    Earlier,

    /// <summary><c>&lt;=</c>.</summary>
    EarlierOrEqual,

    /// <summary><c>=</c>.</summary>
    Equal,

    /// <summary><c>&gt;=</c>.</summary>
    LaterOrEqual,

    /// <summary><c>&gt;&gt;</c>.</summary>
    Later,
}

/// <summary>A package by name, perhaps with a bound of its version: one alternative of a dependency, or something provided.</summary>
/// <param name="Name">The name.</param>
/// <param name="Qualifier">What stands after a colon (<c>any</c>, an architecture); null for nothing.</param>
/// <param name="Relation">The bound's kind.</param>
/// <param name="Version">The bound.</param>
public readonly record struct PackageReference(string Name, string? Qualifier, VersionRelation Relation, DebianVersion Version)
{
    /// <summary>Whether a version is within the bound.</summary>
    public bool Allows(DebianVersion version) => Relation switch
    {
        VersionRelation.Earlier => version < Version,
        VersionRelation.EarlierOrEqual => version <= Version,
        VersionRelation.Equal => version == Version,
        VersionRelation.LaterOrEqual => version >= Version,
        VersionRelation.Later => version > Version,
        _ => true,
    };

    /// <inheritdoc/>
    public override string ToString()
    {
        var name = Qualifier is null ? Name : $"{Name}:{Qualifier}";
        return Relation switch
        {
            VersionRelation.Earlier => $"{name} (<< {Version})",
            VersionRelation.EarlierOrEqual => $"{name} (<= {Version})",
            VersionRelation.Equal => $"{name} (= {Version})",
            VersionRelation.LaterOrEqual => $"{name} (>= {Version})",
            VersionRelation.Later => $"{name} (>> {Version})",
            _ => name,
        };
    }
}

/// <summary>Something that one of several packages satisfies: <c>debconf (&gt;= 0.5) | debconf-2.0</c>.</summary>
public sealed record Dependency(ImmutableArray<PackageReference> Alternatives)
{
    /// <summary>Reads the value of <c>Depends</c>, <c>Provides</c>, <c>Breaks</c> and the like. Throws <see cref="FormatException"/>.</summary>
    public static ImmutableArray<Dependency> ReadAll(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [];
        }

        var all = ImmutableArray.CreateBuilder<Dependency>();
        foreach (var clause in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var alternatives = ImmutableArray.CreateBuilder<PackageReference>(1);
            foreach (var alternative in clause.Split('|', StringSplitOptions.TrimEntries))
            {
                alternatives.Add(Read(alternative));
            }

            all.Add(new Dependency(alternatives.DrainToImmutable()));
        }

        return all.DrainToImmutable();
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(" | ", Alternatives);

    private static PackageReference Read(string text)
    {
        var rest = text.AsSpan();
        var end = rest.IndexOfAny(" \t\n(");
        var name = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? [] : rest[end..].Trim();
        string? qualifier = null;
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            (name, qualifier) = (name[..colon], name[(colon + 1)..]);
        }

        if (!PackageName.IsValid(name) || (!rest.IsEmpty && (rest[0] != '(' || rest[^1] != ')')))
        {
            throw new FormatException($"`{text}` does not name a package");
        }

        if (rest.IsEmpty)
        {
            return new PackageReference(name, qualifier, VersionRelation.Any, default);
        }

        rest = rest[1..^1].Trim();
        var sign = 0;
        while (sign < rest.Length && rest[sign] is '<' or '>' or '=')
        {
            sign++;
        }

        // A single sign is how they were once written, and means `or equal`.
        var relation = rest[..sign] switch
        {
            "<<" => VersionRelation.Earlier,
            "<=" or "<" => VersionRelation.EarlierOrEqual,
            "=" => VersionRelation.Equal,
            ">=" or ">" => VersionRelation.LaterOrEqual,
            ">>" => VersionRelation.Later,
            _ => throw new FormatException($"`{text}` has no bound that is known"),
        };
        return new PackageReference(name, qualifier, relation, DebianVersion.Parse(rest[sign..].Trim().ToString()));
    }
}

/// <summary>Which texts name a package.</summary>
public static class PackageName
{
    private const int CharsMax = 200;

    /// <summary>For the schema of the language.</summary>
    public const string Pattern = "^[a-z0-9][a-z0-9+.-]+$";

    /// <summary>Whether a text can name a package, or something that packages provide, which is less strict: there are large letters and underscores among those.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length is < 2 or > CharsMax || !(char.IsAsciiLetterLower(text[0]) || char.IsAsciiDigit(text[0])))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '-' or '.' or '_'))
            {
                return false;
            }
        }

        return true;
    }
}
