using System.Net;
using System.Net.Sockets;

namespace Cairn.Core.Fetching;

/// <summary>Names and addresses of hosts as they are compared: one spelling for each.</summary>
public static class HostName
{
    private const int CharsMax = 253;
    private const int LabelCharsMax = 63;

    /// <summary>The one spelling of a name or address; null for what is neither. An address in square brackets is taken without them.</summary>
    public static string? Normalize(ReadOnlySpan<char> text)
    {
        if (text is ['[', .., ']'])
        {
            return ParseAddress(text[1..^1]) is { AddressFamily: AddressFamily.InterNetworkV6 } address ? address.ToString() : null;
        }

        if (text.Contains(':'))
        {
            return ParseAddress(text)?.ToString();
        }

        // A dot at the end says that the name is complete.
        text = text is [.. var head, '.'] ? head : text;
        if (text.Length is 0 or > CharsMax)
        {
            return null;
        }

        var last = text[(text.LastIndexOf('.') + 1)..];
        if (IsNumber(last))
        {
            return ParseAddress(text)?.ToString();
        }

        var label = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '.')
            {
                if (label == 0 || text[i - 1] == '-')
                {
                    return null;
                }

                label = 0;
            }
            else if (!(char.IsAsciiLetterOrDigit(text[i]) || text[i] is '_' || (text[i] is '-' && label > 0)) || ++label > LabelCharsMax)
            {
                return null;
            }
        }

        return label == 0 || text[^1] == '-' ? null : text.ToString().ToLowerInvariant();
    }

    /// <summary>The address that a text is the usual spelling of; null for any other, such as <c>127.1</c> or <c>0x7f000001</c>.</summary>
    public static IPAddress? ParseAddress(ReadOnlySpan<char> text)
    {
        // Zones name links of the machine.
        if (text.Length > 64 || text.Contains('%') || text.Contains('[') || !IPAddress.TryParse(text, out var address))
        {
            return null;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork && !text.SequenceEqual(address.ToString()))
        {
            return null;
        }

        return AddressRanges.Plain(address);
    }

    // What some resolvers take for an address or a part of one.
    private static bool IsNumber(ReadOnlySpan<char> label)
    {
        if (label is ['0', 'x' or 'X', .. var digits])
        {
            foreach (var c in digits)
            {
                if (!char.IsAsciiHexDigit(c))
                {
                    return false;
                }
            }

            return true;
        }

        foreach (var c in label)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
        }

        return !label.IsEmpty;
    }
}
