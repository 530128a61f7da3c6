using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Http;
using Cairn.Engine.Log;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

using Microsoft.Win32.SafeHandles;

namespace Cairn.Engine.Serving;

/// <summary>Takes entries that were sent to a log, and answers when they are durable.</summary>
/// <param name="submission">What was sent.</param>
/// <param name="cancellationToken">Ends it.</param>
public delegate ValueTask<AppendedEntries> AppendEntries(AppendSubmission submission, CancellationToken cancellationToken);

/// <summary>A log as others see it: C2SP tlog-tiles, and <c>POST append</c> for those who have the token.</summary>
public sealed class LogSite : IHttpSite, IDisposable
{
    /// <summary>Where entries are sent.</summary>
    public const string AppendPath = "/append";

    private const string Forever = "public, max-age=31536000, immutable";

    // Never another content either, but soon superseded: not worth a cache's room.
    private const string Awhile = "public, max-age=3600, immutable";

    private const string Never = "no-cache";
    private const string Binary = "application/octet-stream";
    private const string Bearer = "Bearer ";

    private readonly LogFiles _files;
    private readonly byte[]? _tokenHash;
    private readonly AppendEntries? _append;

    /// <param name="folder">The log's folder.</param>
    /// <param name="token">What senders of entries must know; null where nobody may send any.</param>
    /// <param name="append">Takes them; null likewise.</param>
    public LogSite(string folder, string? token, AppendEntries? append)
    {
        _files = new LogFiles(folder);
        _tokenHash = token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(token));
        _append = token is null ? null : append;
    }

    /// <inheritdoc/>
    public HttpResponse? RefusalOf(HttpHead head, string path, long length)
    {
        ArgumentNullException.ThrowIfNull(head);
        return path != AppendPath || _append is null || head.Method != "POST" ? HttpResponse.Text(413, "This takes no body")
            : !IsAllowed(head) ? Unauthorized()
            : length > AppendSubmission.BytesMax ? HttpResponse.Text(413, $"Send at most {AppendSubmission.BytesMax >> 20} MiB at once")
            : null;
    }

    /// <inheritdoc/>
    public async ValueTask<HttpResponse> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Path == AppendPath && _append is not null)
        {
            return request.Method == "POST" ? await AppendAsync(request, _append, cancellationToken).ConfigureAwait(false) : HttpResponse.Text(405, "Entries are sent with POST").With("Allow", "POST");
        }

        if (request.Method is not ("GET" or "HEAD"))
        {
            return HttpResponse.Text(405, "This can only be read").With("Allow", "GET, HEAD");
        }

        var path = request.Path[1..];
        if (path == LogFiles.CheckpointName)
        {
            return _files.TryOpenCheckpoint() is { } file ? Checkpoint(request, file) : Missing();
        }

        if (!TilePath.TryParse(path, out var tile) || _files.TryOpen(tile, out var length) is not { } handle)
        {
            return Missing();
        }

        // The content of a tile is a matter of its place, as long as this is one log.
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{path.Replace('/', '-')}-{length:x}-{File.GetLastWriteTimeUtc(handle).Ticks:x}\"");
        return StaticAnswer.Of(request, handle, length, tag, Binary, tile.IsFull ? Forever : Awhile);
    }

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();

    private static HttpResponse Unauthorized() => HttpResponse.Text(401, "This log takes entries of those who have its token").With("WWW-Authenticate", "Bearer");

    private static HttpResponse Missing() => HttpResponse.Text(404, "There is no such thing").With("Cache-Control", Never);

    private static HttpResponse Checkpoint(HttpRequest request, SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var tag = $"\"{Core.Content.Hex.Lower(SHA256.HashData(LogFiles.Read(file, length)).AsSpan(0, 16))}\"";
        return StaticAnswer.Of(request, file, length, tag, SignedNote.MediaType, Never);
    }

    private async ValueTask<HttpResponse> AppendAsync(HttpRequest request, AppendEntries append, CancellationToken cancellationToken)
    {
        if (!IsAllowed(request.Head))
        {
            return Unauthorized();
        }

        if (request.Head.Only("content-type") is not { } type || !type.StartsWith(AppendSubmission.MediaType, StringComparison.OrdinalIgnoreCase))
        {
            return HttpResponse.Text(415, $"Send {AppendSubmission.MediaType}");
        }

        if (AppendSubmission.TryRead(request.Body.Span, out var problem) is not { } submission)
        {
            return HttpResponse.Text(422, $"These are no entries: {problem}");
        }

        try
        {
            var appended = await append(submission, cancellationToken).ConfigureAwait(false);
            return HttpResponse.OfBytes(200, AppendSubmission.MediaType, appended.ToJson());
        }
        catch (IOException)
        {
            // What is wrong with the log is for its keeper; whoever sends can try again.
            return HttpResponse.Text(503, "The log takes nothing now").With("Retry-After", "5");
        }
    }

    /// <summary>Hashes are compared: their time says nothing of the token.</summary>
    private bool IsAllowed(HttpHead head) =>
        _tokenHash is not null && head.Only("authorization") is { } value && value.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(value[Bearer.Length..])), _tokenHash);
}
