using System.Buffers;
using System.Text.Unicode;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>Turns the bytes of a file into text: strict UTF-8, no control characters, a limited size.</summary>
internal static class SourceDecoder
{
    private const int Utf8MarkBytes = 3;

    public static SourceText? Decode(string name, ReadOnlySpan<byte> bytes, DiagnosticBag diagnostics)
    {
        if (bytes.Length > Limits.PipelineFileBytesMax)
        {
            diagnostics.Error(
                DiagnosticCodes.FileTooLarge,
                $"The file has {bytes.Length} bytes; the limit is {Limits.PipelineFileBytesMax}",
                new SourceSpan(name, 1, 1, 1, 1),
                "Split it and use `include`, or let a step generate the pipeline");
            return null;
        }

        return DecodeText(name, bytes, diagnostics);
    }

    /// <summary>The same for a file of any size; whoever read it had a limit.</summary>
    public static SourceText? DecodeText(string name, ReadOnlySpan<byte> bytes, DiagnosticBag diagnostics)
    {
        if (Utf16(bytes) is { } encoding)
        {
            diagnostics.Error(DiagnosticCodes.NotUtf8, $"The file is {encoding}, not UTF-8", new SourceSpan(name, 1, 1, 1, 1), $"Save it as UTF-8: `iconv -f {encoding} -t UTF-8 {name}`");
            return null;
        }

        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[Utf8MarkBytes..];
        }

        var chars = ArrayPool<char>.Shared.Rent(bytes.Length);
        try
        {
            var status = Utf8.ToUtf16(bytes, chars, out var read, out var written, replaceInvalidSequences: false);
            var source = new SourceText(name, new string(chars, 0, written));
            if (status != OperationStatus.Done)
            {
                diagnostics.Error(
                    DiagnosticCodes.NotUtf8,
                    $"Byte 0x{bytes[read]:X2} is not UTF-8",
                    source.SpanAt(written, written),
                    "Save the file as UTF-8");
                return null;
            }

            return HasOnlyText(source, diagnostics) ? source : null;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>Whether a text has no control characters; the first one is reported.</summary>
    public static bool HasOnlyText(SourceText source, DiagnosticBag diagnostics)
    {
        var index = FindControl(source.Text);
        if (index < 0 && source.Text is not ['\uFEFF', ..])
        {
            return true;
        }

        index = Math.Max(index, 0);
        var (what, help) = source.Text[index] switch
        {
            '\0' => ("A NUL byte", "This is a binary file, or one in another encoding than UTF-8"),
            '\uFEFF' => ("A second byte order mark", "Delete the invisible character at the start of the file"),
            var c => ($"The control character U+{(int)c:X4}", $"Delete it, or write it as an escape in double quotes: `\"\\x{(int)c:X2}\"`"),
        };
        diagnostics.Error(DiagnosticCodes.ControlCharacter, $"{what} is not allowed here", source.SpanAt(index, index + 1), help);
        return false;
    }

    // A loop: a set of characters to search for costs the start of a program more than the search saves.
    private static int FindControl(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] < ' ' && text[i] is not ('\t' or '\n' or '\r'))
            {
                return i;
            }
        }

        return -1;
    }

    private static string? Utf16(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xFF, 0xFE, 0, 0, ..] => "UTF-32LE",
        [0, 0, 0xFE, 0xFF, ..] => "UTF-32BE",
        [0xFF, 0xFE, ..] => "UTF-16LE",
        [0xFE, 0xFF, ..] => "UTF-16BE",
        [not 0, 0, not 0, 0, ..] => "UTF-16LE",
        [0, not 0, 0, not 0, ..] => "UTF-16BE",
        _ => null,
    };
}
