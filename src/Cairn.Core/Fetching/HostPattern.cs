using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Cairn.Core.Fetching;

/// <summary>
/// Hosts that a fetch step may reach: a name, all names below one (<c>*.example.com</c>), an address or a range of them, each with an optional port. Without a port it is
/// those of <c>https</c> and <c>http</c>.
/// </summary>
public sealed class HostPattern : IEquatable<HostPattern>
{
    private const int HttpPort = 80;
    private const int HttpsPort = 443;
    private const int CharsMax = 300;

    // A name, or what the names it means end with; null for addresses.
    private readonly string? _name;
    private readonly bool _below;
    private readonly IPNetwork _range;
    private readonly int? _port;

    private HostPattern(string text, string? name, bool below, IPNetwork range, int? port) => (Text, _name, _below, _range, _port) = (text, name, below, range, port);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Whether it is the machine itself that is named: loopback, by name or address.</summary>
    public bool IsLoopback => _name is null ? IPAddress.IsLoopback(_range.BaseAddress) : IsLocalhost(_name);

    /// <summary>Whether a name means the machine itself wherever it is looked up.</summary>
    public static bool IsLocalhost(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name is "localhost" || name.EndsWith(".localhost", StringComparison.Ordinal);
    }

    /// <summary>Whether it means a name, as <see cref="HostName.Normalize"/> spells it, and a port.</summary>
    public bool AllowsName(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (_name is null || !AllowsPort(port))
        {
            return false;
        }

        return !_below ? string.Equals(host, _name, StringComparison.Ordinal)
            : host.Length > _name.Length + 1 && host.EndsWith(_name, StringComparison.Ordinal) && host[host.Length - _name.Length - 1] == '.';
    }

    /// <summary>Whether it means an address and a port.</summary>
    public bool AllowsAddress(IPAddress address, int port) => _name is null && AllowsPort(port) && _range.Contains(AddressRanges.Plain(address));

    /// <summary>Reads one; otherwise says what is wrong, and what to write.</summary>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out HostPattern pattern, [MaybeNullWhen(true)] out string error, out string? suggestion)
    {
        ArgumentNullException.ThrowIfNull(text);
        pattern = null;
        suggestion = "Write a name such as `registry.npmjs.org`, `*.example.com`, or `example.com:8443`";
        error = $"`{text}` is not the name of a host";
        if (text.Length is 0 or > CharsMax)
        {
            error = text.Length == 0 ? "A host has a name" : "The name of a host is too long";
            return false;
        }

        if (text.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && HostName.ParseAddress(text.AsSpan(0, slash).Trim("[]")) is not null && !IsRange(text))
        {
            error = $"`{text}` is no range of addresses";
            suggestion = "Write how many bits they have in common, and zeros after those: `10.1.0.0/16`";
            return false;
        }

        if (text.Contains("://", StringComparison.Ordinal) || (text.Contains('/') && !IsRange(text)))
        {
            error = $"`{text}` is an address of the web; `hosts` has hosts, whose pages are all reached";
            suggestion = Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text, UriKind.Absolute, out var uri) && uri.Host.Length > 0
                ? $"Write `{uri.Host}{(uri.IsDefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{uri.Port}"))}`" : suggestion;
            return false;
        }

        if (text is "*" || text.StartsWith("*:", StringComparison.Ordinal))
        {
            error = "`*` would be every host, and `hosts` is there to name them";
            return false;
        }

        if (!TrySplitPort(text, out var host, out var port))
        {
            error = $"`{text}` has no port between 1 and 65535 after its colon";
            return false;
        }

        if (ParseRange(host) is { } range)
        {
            (pattern, suggestion) = (new HostPattern(text, null, below: false, range, port), null);
            return true;
        }

        var below = host.StartsWith("*.", StringComparison.Ordinal);
        if (HostName.Normalize(below ? host[2..] : host) is not { } name || name.Contains(':', StringComparison.Ordinal) || HostName.ParseAddress(name) is not null)
        {
            suggestion = host.AsSpan().ContainsAnyExceptInRange('\0', '\u007f') ? "Write it as it stands in certificates, with `xn--`"
                : host.Contains('*', StringComparison.Ordinal) ? "`*` stands for all that comes before a name: `*.example.com`" : suggestion;
            return false;
        }

        if (below && !name.Contains('.', StringComparison.Ordinal))
        {
            error = $"`{text}` would be all hosts of a whole domain of the internet";
            return false;
        }

        (pattern, suggestion) = (new HostPattern(text, name, below, default, port), null);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <inheritdoc/>
    public bool Equals(HostPattern? other) => other is not null && string.Equals(Text, other.Text, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as HostPattern);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    private bool AllowsPort(int port) => _port is { } only ? port == only : port is HttpPort or HttpsPort;

    private static bool IsRange(string text) => TrySplitPort(text, out var host, out _) && ParseRange(host) is not null;

    private static bool TrySplitPort(string text, out string host, out int? port)
    {
        (host, port) = (text, null);
        var colon = text.LastIndexOf(':');
        if (colon < 0 || (text.AsSpan(0, colon).Contains(':') && text[colon - 1] != ']') || text[^1] == ']')
        {
            // An IPv6 address has a port only behind brackets.
            host = text is ['[', .. var inner, ']'] ? inner : text;
            return true;
        }

        host = text[..colon] is ['[', .. var address, ']'] ? address : text[..colon];
        var isPort = ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
        port = number;
        return isPort;
    }

    private static IPNetwork? ParseRange(string host)
    {
        var slash = host.IndexOf('/', StringComparison.Ordinal);
        if (HostName.ParseAddress(slash < 0 ? host : host.AsSpan(0, slash)) is not { } address)
        {
            return null;
        }

        var bits = address.GetAddressBytes().Length * 8;
        var length = bits;
        if (slash >= 0 && (!int.TryParse(host.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length < 1 || length > bits))
        {
            return null;
        }

        // Bits beyond the prefix would be a mistake in it; the type's own constructor may drop them.
        return HasBitsBeyond(address, length) ? null : new IPNetwork(address, length);
    }

    private static bool HasBitsBeyond(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
            {
                return true;
            }
        }

        return false;
    }
}
