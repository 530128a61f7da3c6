using System.Buffers;
using System.Text.Unicode;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Syntax;

/// <summary>Turns the bytes of a file into text: strict UTF-8, no control characters, a limited size.</summary>
internal static class SourceDecoder
{
    private const int Utf8MarkBytes = 3;

    private static readonly SearchValues<char> Controls = SearchValues.Create(
        "\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\u000B\f\u000E\u000F\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001A\u001B\u001C\u001D\u001E\u001F");

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
        var index = source.Text.AsSpan().IndexOfAny(Controls);
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
