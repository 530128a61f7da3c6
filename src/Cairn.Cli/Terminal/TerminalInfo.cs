namespace Cairn.Cli.Terminal;

/// <summary>Columns and rows.</summary>
internal readonly record struct TerminalSize(int Columns, int Rows);

/// <summary>How many colours may be used.</summary>
internal enum ColorLevel
{
    /// <summary>None.</summary>
    None,

    /// <summary>The 16 of ANSI.</summary>
    Basic,

    /// <summary>256.</summary>
    Palette,

    /// <summary>24 bits.</summary>
    True,
}

/// <summary>What the terminal can do and what the user asked for.</summary>
internal sealed class TerminalInfo
{
    private readonly Func<TerminalSize?> _measure;
    private readonly TerminalSize _fallback;

    /// <summary>Judges by the environment.</summary>
    /// <param name="environment">The caller's environment.</param>
    /// <param name="outIsTerminal">Whether standard output is a terminal.</param>
    /// <param name="errorIsTerminal">Whether standard error is a terminal.</param>
    /// <param name="measure">Asks for the size now; null where there is none.</param>
    public TerminalInfo(IReadOnlyDictionary<string, string> environment, bool outIsTerminal, bool errorIsTerminal, Func<TerminalSize?> measure)
    {
        _measure = measure;
        _fallback = new TerminalSize(Number(environment, "COLUMNS", 80), Number(environment, "LINES", 24));
        OutIsTerminal = outIsTerminal;
        ErrorIsTerminal = errorIsTerminal;
        IsContinuousIntegration = IsSet(environment, "CI");
        IsDumb = Text(environment, "TERM") is "dumb" or "" && (outIsTerminal || errorIsTerminal);
        IsUnicode = IsUtf8(environment);
        OutColor = ColorOf(environment, outIsTerminal);
        ErrorColor = ColorOf(environment, errorIsTerminal);
    }

    /// <summary>Whether standard output is a terminal.</summary>
    public bool OutIsTerminal { get; }

    /// <summary>Whether standard error is a terminal.</summary>
    public bool ErrorIsTerminal { get; }

    /// <summary>Whether <c>CI</c> says that no person looks on.</summary>
    public bool IsContinuousIntegration { get; }

    /// <summary>Whether the terminal cannot move its cursor.</summary>
    public bool IsDumb { get; }

    /// <summary>Whether characters beyond ASCII can be shown.</summary>
    public bool IsUnicode { get; }

    /// <summary>Colours on standard output.</summary>
    public ColorLevel OutColor { get; }

    /// <summary>Colours on standard error.</summary>
    public ColorLevel ErrorColor { get; }

    /// <summary>Whether lines on standard output can be painted over.</summary>
    public bool CanRepaint => OutIsTerminal && !IsContinuousIntegration && !IsDumb;

    /// <summary>The size now: asked for anew each time, so that a resize is seen by the next frame.</summary>
    public TerminalSize Size => _measure() ?? _fallback;

    /// <summary>The terminal of this process.</summary>
    public static TerminalInfo OfProcess(IReadOnlyDictionary<string, string> environment)
    {
        var isOut = NativeTerminal.IsTerminal(DescriptorStream.StandardOutput);
        var isError = NativeTerminal.IsTerminal(DescriptorStream.StandardError);
        var descriptor = isOut ? DescriptorStream.StandardOutput : DescriptorStream.StandardError;
        return new TerminalInfo(environment, isOut, isError, () => NativeTerminal.SizeOf(descriptor));
    }

    private static ColorLevel ColorOf(IReadOnlyDictionary<string, string> environment, bool isTerminal)
    {
        if (Text(environment, "NO_COLOR").Length > 0)
        {
            return ColorLevel.None;
        }

        var force = Text(environment, "FORCE_COLOR");
        var forced = IsSet(environment, "CLICOLOR_FORCE") || IsSet(environment, "FORCE_COLOR");
        if (!forced && (!isTerminal || force.Length > 0 || string.Equals(Text(environment, "CLICOLOR"), "0", StringComparison.Ordinal)))
        {
            return ColorLevel.None;
        }

        var term = Text(environment, "TERM");
        if (!forced && term is "dumb" or "")
        {
            return ColorLevel.None;
        }

        return force is "3" || Text(environment, "COLORTERM") is "truecolor" or "24bit" ? ColorLevel.True
            : force is "2" || term.Contains("256", StringComparison.Ordinal) ? ColorLevel.Palette
            : ColorLevel.Basic;
    }

    private static bool IsUtf8(IReadOnlyDictionary<string, string> environment)
    {
        // POSIX: the first of these that is set and not empty decides.
        foreach (var name in (ReadOnlySpan<string>)["LC_ALL", "LC_CTYPE", "LANG"])
        {
            if (Text(environment, name) is { Length: > 0 } locale)
            {
                return locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase);
            }
        }

        return false;
    }

    private static bool IsSet(IReadOnlyDictionary<string, string> environment, string name) =>
        Text(environment, name) is not ("" or "0" or "false");

    private static string Text(IReadOnlyDictionary<string, string> environment, string name) =>
        environment.TryGetValue(name, out var value) ? value : "";

    private static int Number(IReadOnlyDictionary<string, string> environment, string name, int otherwise)
    {
        var text = Text(environment, name);
        var value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || text.Length > 4)
            {
                return otherwise;
            }

            value = (value * 10) + (c - '0');
        }

        return value > 0 ? value : otherwise;
    }
}
