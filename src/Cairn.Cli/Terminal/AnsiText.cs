using System.Buffers;
using System.Text;

namespace Cairn.Cli.Terminal;

/// <summary>Makes what steps wrote harmless on a terminal: no cursor movement, no titles, no control characters.</summary>
internal static class AnsiText
{
    private const byte Escape = 0x1B;

    // C0 controls, DEL, and 0xC2, which begins the UTF-8 form of the C1 controls.
    private static readonly SearchValues<byte> Suspicious = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 0xC2]);

    /// <summary>
    /// Appends one line (without its newline) as it would look at the end: escape sequences and control characters removed, tabs as
    /// spaces, text before a carriage return overwritten.
    /// </summary>
    /// <param name="destination">Takes the text.</param>
    /// <param name="line">The bytes.</param>
    /// <param name="keepColors">Whether to keep colours (SGR sequences); then the line ends with a reset.</param>
    public static void AppendClean(ByteText destination, ReadOnlySpan<byte> line, bool keepColors)
    {
        if (!line.IsEmpty && line[^1] == '\r')
        {
            line = line.TrimEnd((byte)'\r');
        }

        var begin = destination.Length;
        var floor = begin;
        var colored = false;
        while (!line.IsEmpty)
        {
            var at = line.IndexOfAny(Suspicious);
            if (at < 0)
            {
                destination.Append(line);
                break;
            }

            destination.Append(line[..at]);
            line = line[at..];
            switch (line[0])
            {
                case Escape:
                    var sequence = SequenceLength(line);
                    if (keepColors && IsColor(line[..sequence]))
                    {
                        destination.Append(line[..sequence]);
                        floor = destination.Length;
                        colored = true;
                    }

                    line = line[sequence..];
                    continue;
                case (byte)'\r':
                    destination.Truncate(begin);
                    floor = begin;
                    colored = false;
                    break;
                case (byte)'\t':
                    destination.Spaces(Math.Max(1, 8 - ((destination.Length - begin) % 8)));
                    break;
                case (byte)'\b':
                    EraseLast(destination, floor);
                    break;
                case 0xC2 when line.Length > 1 && line[1] is >= 0x80 and <= 0x9F:
                    line = line[1] == 0x9B ? line[(2 + ParametersLength(line[2..]))..] : line[2..];
                    continue;
                case 0xC2 when line.Length > 1 && line[1] is >= 0xA0 and <= 0xBF:
                    destination.Append(line[..2]);
                    line = line[2..];
                    continue;
                default:
                    // Also a stray 0xC2: with what follows a removed byte it could make a control character.
                    break;
            }

            line = line[1..];
        }

        if (colored)
        {
            destination.Append("\e[0m"u8);
        }
    }

    /// <summary>The same for a text; nothing is copied where it is clean already.</summary>
    public static string Clean(string text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                var clean = new ByteText();
                AppendClean(clean, Encoding.UTF8.GetBytes(text.ReplaceLineEndings(" ")), keepColors: false);
                return clean.ToString();
            }
        }

        return text;
    }

    /// <summary>The length of the escape sequence that begins here; all that is left where it has no end.</summary>
    public static int SequenceLength(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2)
        {
            return text.Length;
        }

        switch (text[1])
        {
            case (byte)'[':
                return 2 + ParametersLength(text[2..]);
            case (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_':
                // A string sequence: up to BEL or ST.
                for (var i = 2; i < text.Length; i++)
                {
                    if (text[i] == 7)
                    {
                        return i + 1;
                    }

                    if (text[i] == Escape)
                    {
                        return i + 1 < text.Length && text[i + 1] == '\\' ? i + 2 : i;
                    }
                }

                return text.Length;
            case >= 0x20 and <= 0x2F:
                var end = 1;
                while (end < text.Length && text[end] is >= 0x20 and <= 0x2F)
                {
                    end++;
                }

                return Math.Min(end + 1, text.Length);
            case >= 0x30 and <= 0x7E:
                return 2;
            default:
                return 1;
        }
    }

    // What follows CSI: parameter and intermediate bytes and the final one.
    private static int ParametersLength(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is >= 0x40 and <= 0x7E)
            {
                return i + 1;
            }

            if (text[i] is < 0x20 or > 0x7E)
            {
                return i;
            }
        }

        return text.Length;
    }

    private static bool IsColor(ReadOnlySpan<byte> sequence) =>
        sequence.Length > 2 && sequence[1] == '[' && sequence[^1] == 'm' && sequence[2..^1].IndexOfAnyExceptInRange((byte)'0', (byte)';') < 0;

    private static void EraseLast(ByteText text, int floor)
    {
        var length = text.Length;
        while (length > floor)
        {
            length--;
            if ((text.Span[length] & 0xC0) != 0x80)
            {
                break;
            }
        }

        text.Truncate(length);
    }
}
