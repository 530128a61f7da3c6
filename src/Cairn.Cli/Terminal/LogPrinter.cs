using System.Globalization;

namespace Cairn.Cli.Terminal;

/// <summary>How logs are shown.</summary>
/// <param name="Raw">Whether bytes pass through untouched; otherwise escape sequences and control characters are removed.</param>
/// <param name="Timestamps">Whether each line begins with its time.</param>
/// <param name="Prefix">Whether each line begins with its job.</param>
internal readonly record struct LogFormat(bool Raw, bool Timestamps, bool Prefix);

/// <summary>Writes logs to standard output.</summary>
internal sealed class LogPrinter(Stream output, LogFormat format, Style style)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z '";
    private const int TimeChars = 25;

    private readonly ByteText _text = new();

    /// <summary>Whether lines are looked at, so that a line without an end has to wait.</summary>
    private bool ByLines => !format.Raw || format.Timestamps || format.Prefix;

    /// <summary>Writes what stands above a log where several are shown.</summary>
    public void Header(string title)
    {
        style.Write(_text, Ink.Bold, $"==> {title}").Line();
        Flush();
    }

    /// <summary>Writes all that there is now.</summary>
    /// <param name="reader">The log.</param>
    /// <param name="job">Whose it is.</param>
    /// <param name="complete">Whether nothing more will come.</param>
    public void Print(AttemptReader reader, string job, bool complete)
    {
        while (true)
        {
            var bytes = reader.Read(complete);
            if (bytes.IsEmpty)
            {
                break;
            }

            if (!ByLines)
            {
                output.Write(bytes);
                continue;
            }

            while (reader.Lines.Next(ref bytes, out var line, out var continues))
            {
                Line(reader, job, line, newline: true);
                reader.LineStart += line.Length + (continues ? 0 : 1);
            }

            Flush();
        }

        if (complete && ByLines && reader.Lines.Rest(out var rest))
        {
            Line(reader, job, rest, newline: !format.Raw);
            Flush();
        }
    }

    private void Line(AttemptReader reader, string job, ReadOnlySpan<byte> line, bool newline)
    {
        if (format.Timestamps)
        {
            style.Begin(_text, Ink.Dim);
            if (reader.TimeOf(reader.LineStart) is { } time)
            {
                _text.Append(time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
            }
            else
            {
                _text.Spaces(TimeChars);
            }

            style.End(_text, Ink.Dim);
        }

        if (format.Prefix)
        {
            _text.Append("[").Append(AnsiText.Clean(job)).Append("] ");
        }

        if (format.Raw)
        {
            _text.Append(line);
        }
        else
        {
            AnsiText.AppendClean(_text, line, keepColors: false);
        }

        if (newline)
        {
            _text.Line();
        }
    }

    private void Flush()
    {
        output.Write(_text.Span);
        _text.Clear();
    }
}
