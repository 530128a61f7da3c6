namespace Cairn.Cli.Terminal;

/// <summary>What a piece of text means, from which its look follows.</summary>
internal enum Ink
{
    Plain,
    Bold,
    Dim,
    Good,
    Bad,
    Warning,
    Accent,
}

/// <summary>Colours and signs that fit the terminal.</summary>
internal sealed class Style(bool color, bool unicode)
{
    /// <summary>No colours, ASCII only.</summary>
    public static Style Bare { get; } = new(color: false, unicode: false);

    public bool Color { get; } = color;

    public bool Unicode { get; } = unicode;

    public string Good => Unicode ? "✓" : "+";

    public string Bad => Unicode ? "✗" : "x";

    public string Skip => Unicode ? "○" : "-";

    public string Again => Unicode ? "↻" : "~";

    public string Note => Unicode ? "•" : "*";

    public string Arrow => Unicode ? " → " : " -> ";

    public string Margin => Unicode ? "  │ " : "  | ";

    public string Ellipsis => Unicode ? "…" : "...";

    /// <summary>The style for standard output.</summary>
    public static Style OfOutput(TerminalInfo terminal) => new(terminal.OutColor != ColorLevel.None, terminal.IsUnicode);

    /// <summary>A moving sign.</summary>
    public string Spinner(long frame) => Unicode ? "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".Substring((int)(frame % 10), 1) : "|/-\\".Substring((int)(frame % 4), 1);

    public void Begin(ByteText text, Ink ink)
    {
        if (Color)
        {
            text.Append(ink switch
            {
                Ink.Bold => "\e[1m"u8,
                Ink.Dim => "\e[2m"u8,
                Ink.Good => "\e[32m"u8,
                Ink.Bad => "\e[31m"u8,
                Ink.Warning => "\e[33m"u8,
                Ink.Accent => "\e[36m"u8,
                _ => default,
            });
        }
    }

    public void End(ByteText text, Ink ink)
    {
        if (Color && ink != Ink.Plain)
        {
            text.Append("\e[0m"u8);
        }
    }

    /// <summary>Appends a text, made clean, in a look.</summary>
    public ByteText Write(ByteText text, Ink ink, string content)
    {
        if (content.Length > 0)
        {
            Begin(text, ink);
            text.Append(AnsiText.Clean(content));
            End(text, ink);
        }

        return text;
    }
}
