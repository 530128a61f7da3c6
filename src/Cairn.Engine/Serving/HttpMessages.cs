using System.Text;

using Cairn.Core.Http;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Serving;

/// <summary>A request that a server took.</summary>
/// <param name="Head">Its head.</param>
/// <param name="Path">What it asks for, without the query: begins with a slash, and has no percent signs.</param>
/// <param name="Body">What it brought.</param>
public sealed record HttpRequest(HttpHead Head, string Path, ReadOnlyMemory<byte> Body)
{
    /// <summary>Its method.</summary>
    public string Method => Head.Method;
}

/// <summary>An answer. The server adds what belongs to the connection: length, date, whether it goes on.</summary>
public sealed class HttpResponse : IDisposable
{
    /// <summary>The content type of texts.</summary>
    public const string PlainText = "text/plain; charset=utf-8";

    private HttpResponse(int status) => Status = status;

    /// <summary>The status code.</summary>
    public int Status { get; }

    /// <summary>Headers, by their order.</summary>
    public List<KeyValuePair<string, string>> Headers { get; } = [];

    /// <summary>The body, where it is in memory.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private init; }

    /// <summary>The file whose bytes from <see cref="Offset"/> on are the body; null where it is in memory.</summary>
    public SafeFileHandle? File { get; private init; }

    /// <summary>Where in the file the body begins.</summary>
    public long Offset { get; private init; }

    /// <summary>The bytes of the body.</summary>
    public long Length { get; private init; }

    /// <summary>A text of one line.</summary>
    public static HttpResponse Text(int status, string text) => OfBytes(status, PlainText, Encoding.UTF8.GetBytes(text + "\n"));

    /// <summary>Some bytes.</summary>
    public static HttpResponse OfBytes(int status, string contentType, ReadOnlyMemory<byte> bytes) => new HttpResponse(status) { Bytes = bytes, Length = bytes.Length }.With("Content-Type", contentType);

    /// <summary>Nothing but a status.</summary>
    public static HttpResponse Empty(int status) => new(status);

    /// <summary>A part of a file, which is closed with the answer.</summary>
    public static HttpResponse OfFile(int status, SafeFileHandle file, long offset, long length) => new(status) { File = file, Offset = offset, Length = length };

    /// <summary>The answer with one more header.</summary>
    public HttpResponse With(string name, string value)
    {
        Headers.Add(new(name, value));
        return this;
    }

    /// <inheritdoc/>
    public void Dispose() => File?.Dispose();
}
