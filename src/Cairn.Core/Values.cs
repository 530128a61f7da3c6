using System.Diagnostics.CodeAnalysis;

namespace Cairn.Core;

/// <summary>The name of a step: a letter or digit, then letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, at most 100.</summary>
public readonly record struct StepName
{
    private const int CharsMax = 100;

    private StepName(string value) => Value = value;

    /// <summary>The text.</summary>
    public string Value { get; }

    /// <summary>Accepts a valid name.</summary>
    public static bool TryParse(string? text, out StepName name)
    {
        name = default;
        if (string.IsNullOrEmpty(text) || text.Length > CharsMax || !char.IsAsciiLetterOrDigit(text[0]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))
            {
                return false;
            }
        }

        name = new StepName(text);
        return true;
    }

    /// <summary>Takes a name that is known to be valid.</summary>
    public static StepName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"`{text}` is not a step name");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The id of a job: the step's name, with the matrix key in brackets where it has one: <c>test[os=linux,opt=O2]</c>.</summary>
public readonly record struct JobId(string Value)
{
    /// <summary>Makes the id of a job.</summary>
    public static JobId Of(StepName step, string? matrixKey) => new(matrixKey is null ? step.Value : $"{step.Value}[{matrixKey}]");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>
/// The id of a run: <c>20261121-021345-7f3a9c</c>, UTC start time to the second, three hex digits for the part of the second (in 4,096ths), three random ones: ids sort by time, those of
/// one second among them.
/// </summary>
public readonly record struct RunId
{
    private RunId(string value) => Value = value;

    /// <summary>The text.</summary>
    public string Value { get; }

    /// <summary>Makes an id.</summary>
    /// <param name="startedAt">The start of the run.</param>
    /// <param name="random">Randomness; the low 12 bits count.</param>
    public static RunId Create(DateTimeOffset startedAt, uint random)
    {
        // By hand: a format string would set up more of the runtime's formatting than the rest of a small run needs.
        var at = startedAt.UtcDateTime;
        Span<char> text = stackalloc char[22];
        Digits(text[..4], at.Year);
        Digits(text[4..6], at.Month);
        Digits(text[6..8], at.Day);
        text[8] = '-';
        Digits(text[9..11], at.Hour);
        Digits(text[11..13], at.Minute);
        Digits(text[13..15], at.Second);
        text[15] = '-';
        var suffix = ((uint)(at.Ticks % TimeSpan.TicksPerSecond * 4096 / TimeSpan.TicksPerSecond) << 12) | (random & 0xFFF);
        for (var i = 0; i < 6; i++)
        {
            text[21 - i] = "0123456789abcdef"[(int)((suffix >> (4 * i)) & 0xF)];
        }

        return new RunId(new string(text));
    }

    private static void Digits(Span<char> target, int value)
    {
        for (var i = target.Length - 1; i >= 0; i--)
        {
            target[i] = (char)('0' + (value % 10));
            value /= 10;
        }
    }

    /// <summary>Accepts an id.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RunId id)
    {
        id = default;
        if (text is not { Length: 22 } || text[8] != '-' || text[15] != '-')
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (i is 8 or 15)
            {
                continue;
            }

            if (i < 15 ? !char.IsAsciiDigit(text[i]) : !char.IsAsciiHexDigitLower(text[i]))
            {
                return false;
            }
        }

        id = new RunId(text);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
