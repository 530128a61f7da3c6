using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;

namespace Cairn.Core.Fetching;

/// <summary>What a fetch step may reach: its <c>hosts</c>.</summary>
/// <param name="Patterns">As they were written.</param>
public sealed record HostRules(ImmutableArray<HostPattern> Patterns)
{
    /// <summary>Whether the machine itself is among them.</summary>
    public bool HasLoopback
    {
        get
        {
            foreach (var pattern in Patterns)
            {
                if (pattern.IsLoopback)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether a host is named, as <see cref="HostName.Normalize"/> spells it. What a name leads to is judged apart: see <see cref="AllowsAddress"/>.</summary>
    public bool AllowsHost(string host, int port)
    {
        var address = HostName.ParseAddress(host);
        foreach (var pattern in Patterns)
        {
            if (address is null ? pattern.AllowsName(host, port) : pattern.AllowsAddress(address, port))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a host that is named may be reached at an address: one of the internet, one that is named itself, or for <c>localhost</c> the machine's. Whoever decides what a
    /// name leads to would else decide what a step reaches within the machine's network.
    /// </summary>
    public bool AllowsAddress(string host, int port, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(address);
        if (AddressRanges.IsPublic(address) || (HostPattern.IsLocalhost(host) && IPAddress.IsLoopback(AddressRanges.Plain(address))))
        {
            return true;
        }

        foreach (var pattern in Patterns)
        {
            if (pattern.AllowsAddress(address, port))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The line of a pipeline that names these hosts and some more.</summary>
    public string LineWith(IEnumerable<string> more)
    {
        ArgumentNullException.ThrowIfNull(more);
        var line = new StringBuilder("hosts: [");
        foreach (var text in Patterns.Select(static p => p.Text).Concat(more).Distinct(StringComparer.Ordinal))
        {
            line.Append(line[^1] == '[' ? "" : ", ").Append(NeedsQuotes(text) ? $"\"{text}\"" : text);
        }

        return line.Append(']').ToString();
    }

    /// <summary>A host and port as a pattern has them.</summary>
    public static string Word(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        return port is 443 or 80 ? host : string.Create(CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");
    }

    // In a list of YAML a colon inside a word is plain, but stars and brackets at its beginning are not.
    private static bool NeedsQuotes(string text) => text[0] is '*' or '[' or ':' || text.EndsWith(':') || text.Contains(": ", StringComparison.Ordinal);
}
