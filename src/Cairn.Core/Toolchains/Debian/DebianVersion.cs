using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Cairn.Core.Toolchains.Debian;

/// <summary>A version of a package, <c>[epoch:]upstream[-revision]</c>, in the order of Debian policy 5.6.12: equal versions may be written differently.</summary>
public readonly struct DebianVersion : IComparable<DebianVersion>, IEquatable<DebianVersion>
{
    private const int CharsMax = 256;

    private readonly string? _text;
    private readonly int _epoch;
    private readonly int _start;
    private readonly int _end;

    private DebianVersion(string text, int epoch, int start, int end)
    {
        _text = text;
        _epoch = epoch;
        _start = start;
        _end = end;
    }

    private string Text => _text ?? "";

    private ReadOnlySpan<char> Upstream => Text.AsSpan(_start, _end - _start);

    private ReadOnlySpan<char> Revision => _end < Text.Length ? Text.AsSpan(_end + 1) : [];

    /// <summary>Reads a version; false for a text that is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DebianVersion version)
    {
        version = default;
        if (text is not { Length: > 0 and <= CharsMax })
        {
            return false;
        }

        var (epoch, start) = (0, 0);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            if (!int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out epoch))
            {
                return false;
            }

            start = colon + 1;
        }

        var dash = text.LastIndexOf('-');
        var end = dash >= start ? dash : text.Length;
        if (start >= end)
        {
            return false;
        }

        for (var i = start; i < text.Length; i++)
        {
            // Only a version with an epoch may hold further colons.
            if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('.' or '+' or '~' or '-') && !(text[i] == ':' && colon >= 0 && i < end))
            {
                return false;
            }
        }

        version = new DebianVersion(text, epoch, start, end);
        return true;
    }

    /// <summary>Reads a version. Throws <see cref="FormatException"/>.</summary>
    public static DebianVersion Parse(string text) => TryParse(text, out var version) ? version : throw new FormatException($"`{text}` is not the version of a Debian package");

    /// <inheritdoc/>
    public int CompareTo(DebianVersion other)
    {
        var order = _epoch.CompareTo(other._epoch);
        order = order != 0 ? order : Compare(Upstream, other.Upstream);
        return order != 0 ? order : Compare(Revision, other.Revision);
    }

    /// <inheritdoc/>
    public bool Equals(DebianVersion other) => CompareTo(other) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is DebianVersion other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Equal versions may differ in zeros before digits and in a revision that is zero.
        var hash = new HashCode();
        hash.Add(_epoch);
        foreach (var c in Upstream)
        {
            if (c != '0')
            {
                hash.Add(c);
            }
        }

        return hash.ToHashCode();
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => Text;

    /// <summary>Whether one is earlier.</summary>
    public static bool operator <(DebianVersion left, DebianVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether one is later.</summary>
    public static bool operator >(DebianVersion left, DebianVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether one is earlier or the same.</summary>
    public static bool operator <=(DebianVersion left, DebianVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one is later or the same.</summary>
    public static bool operator >=(DebianVersion left, DebianVersion right) => left.CompareTo(right) >= 0;

    /// <summary>Whether they are the same version.</summary>
    public static bool operator ==(DebianVersion left, DebianVersion right) => left.Equals(right);

    /// <summary>Whether they are different versions.</summary>
    public static bool operator !=(DebianVersion left, DebianVersion right) => !left.Equals(right);

    // Runs of other characters and of digits by turns: the former by letter, where `~` is before the end and letters are before all else; the latter as numbers of any length.
    private static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty || !right.IsEmpty)
        {
            while ((!left.IsEmpty && !char.IsAsciiDigit(left[0])) || (!right.IsEmpty && !char.IsAsciiDigit(right[0])))
            {
                var order = Weight(left).CompareTo(Weight(right));
                if (order != 0)
                {
                    return order;
                }

                left = left[1..];
                right = right[1..];
            }

            var leftDigits = Digits(ref left);
            var rightDigits = Digits(ref right);
            var numbers = leftDigits.Length != rightDigits.Length ? leftDigits.Length.CompareTo(rightDigits.Length) : leftDigits.SequenceCompareTo(rightDigits);
            if (numbers != 0)
            {
                return numbers;
            }
        }

        return 0;
    }

    private static int Weight(ReadOnlySpan<char> text) => text.IsEmpty || char.IsAsciiDigit(text[0]) ? 0 : text[0] == '~' ? -1 : char.IsAsciiLetter(text[0]) ? text[0] : text[0] + 256;

    /// <summary>Takes a number away from the start, without its zeros.</summary>
    private static ReadOnlySpan<char> Digits(ref ReadOnlySpan<char> text)
    {
        var end = 0;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        var digits = text[..end].TrimStart('0');
        text = text[end..];
        return digits;
    }
}
