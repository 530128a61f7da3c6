using System.Buffers;
using System.Collections.Immutable;
using System.Text;

using Cairn.Execution;

namespace Cairn.Engine.Running;

/// <summary>Masks secrets in what a step hands over outside its log: outputs, summaries, reasons.</summary>
internal static class Redaction
{
    public static byte[] Apply(byte[] content, ImmutableArray<string> secrets)
    {
        if (secrets.IsEmpty)
        {
            return content;
        }

        var redactor = new Redactor(SecretPatterns.Compile(secrets));
        var output = new ArrayBufferWriter<byte>(Math.Max(content.Length, 1));
        redactor.Transform(content, output);
        redactor.Flush(output);
        return output.WrittenSpan.ToArray();
    }

    public static string Apply(string text, ImmutableArray<string> secrets) =>
        secrets.IsEmpty ? text : Encoding.UTF8.GetString(Apply(Encoding.UTF8.GetBytes(text), secrets));
}
