using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cairn.Cli.Commands;

/// <summary>Writes a JSON document to standard output, indented, as a person may read it too.</summary>
internal static class JsonOutput
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(CommandServices services, Action<Utf8JsonWriter> content) => services.OutBytes.Write(ToBytes(content));

    public static byte[] ToBytes(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            content(json);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
