using System.Globalization;
using System.Text;

namespace Cairn.Core.Dependencies;

/// <summary>Package URLs (<c>pkg:npm/%40scope/name@1.0.0</c>): names of packages over all ecosystems.</summary>
public static class PackageUrl
{
    /// <summary>The type of an ecosystem's package URLs.</summary>
    public static string TypeOf(Ecosystem ecosystem) => ecosystem switch
    {
        Ecosystem.NuGet => "nuget",
        Ecosystem.Npm => "npm",
        Ecosystem.Maven => "maven",
        Ecosystem.PyPI => "pypi",
        Ecosystem.Cargo => "cargo",
        Ecosystem.Go => "golang",
        Ecosystem.RubyGems => "gem",
        Ecosystem.Composer => "composer",
        _ => throw new ArgumentOutOfRangeException(nameof(ecosystem)),
    };

    /// <summary>The package URL of a package.</summary>
    /// <param name="ecosystem">Decides type and spelling: some types fold case.</param>
    /// <param name="name">The name as the ecosystem has it.</param>
    /// <param name="version">The version, or null.</param>
    /// <param name="qualifiers">Sorted by key; empty values are left out.</param>
    public static string Of(Ecosystem ecosystem, string name, string? version, IEnumerable<KeyValuePair<string, string>> qualifiers)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(qualifiers);
        return Of(TypeOf(ecosystem), SegmentsOf(ecosystem, name), version, qualifiers);
    }

    /// <summary>The package URL of a type that no ecosystem of lock files has: <c>deb</c>, <c>oci</c>, <c>generic</c>.</summary>
    /// <param name="type">The type.</param>
    /// <param name="path">Namespace and name, with slashes between.</param>
    /// <param name="version">The version, or null.</param>
    /// <param name="qualifiers">Sorted by key; empty values are left out.</param>
    public static string Of(string type, string path, string? version, IEnumerable<KeyValuePair<string, string>> qualifiers)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(qualifiers);
        var text = new StringBuilder("pkg:").Append(type);
        foreach (var segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            Encode(text.Append('/'), segment, ":");
        }

        if (!string.IsNullOrEmpty(version))
        {
            Encode(text.Append('@'), version, ":");
        }

        var sign = '?';
        foreach (var (key, value) in qualifiers)
        {
            if (value.Length > 0)
            {
                Encode(text.Append(sign).Append(key).Append('='), value, ":/");
                sign = '&';
            }
        }

        return text.ToString();
    }

    private static string SegmentsOf(Ecosystem ecosystem, string name) => ecosystem switch
    {
        Ecosystem.Maven => name.Replace(':', '/'),
        Ecosystem.PyPI => name.ToLowerInvariant().Replace('_', '-'),
        Ecosystem.Go or Ecosystem.Composer => name.ToLowerInvariant(),
        _ => name,
    };

    private static void Encode(StringBuilder text, string value, string plain)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '.' or '-' or '_' or '~' || plain.Contains((char)rune.Value)))
            {
                text.Append((char)rune.Value);
                continue;
            }

            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
            {
                text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
            }
        }
    }
}
