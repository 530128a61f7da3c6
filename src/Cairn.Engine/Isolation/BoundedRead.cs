namespace Cairn.Engine.Isolation;

/// <summary>Reads what a step wrote, which may be longer than it should.</summary>
internal static class BoundedRead
{
    /// <summary>All of a stream; where there is more than <paramref name="maxBytes"/>, one byte more than that.</summary>
    public static byte[] All(Stream stream, int maxBytes)
    {
        var content = new byte[maxBytes + 1];
        return content[..stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
    }
}
