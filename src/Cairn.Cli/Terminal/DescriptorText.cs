using System.Text;

namespace Cairn.Cli.Terminal;

/// <summary>Text to a descriptor as UTF-8, each write at once. A stream writer would set up an encoder and buffers that nothing here needs.</summary>
internal sealed class DescriptorText(DescriptorStream stream) : TextWriter(formatProvider: null)
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (!buffer.IsEmpty)
        {
            var bytes = new byte[Encoding.UTF8.GetMaxByteCount(buffer.Length)];
            stream.Write(bytes.AsSpan(0, Encoding.UTF8.GetBytes(buffer, bytes)));
        }
    }

    public override void WriteLine(string? value) => Write(value + NewLine);
}
