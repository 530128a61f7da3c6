using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store.Content;

namespace Cairn.Execution.Toolchains.Downloads;

/// <summary>How patient downloads are.</summary>
public sealed record DownloadPatience
{
    /// <summary>How often each place is tried.</summary>
    public int RoundsMax { get; init; } = 4;

    /// <summary>The pause after the first round; it doubles, and half of it is left to chance.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a server may take to connect and to answer.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>In what time <see cref="BytesMin"/> must come.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What must come in the time of <see cref="Silence"/>: a server that sends a byte now and then has stalled, too.</summary>
    public int BytesMin { get; init; } = 32 << 10;
}

/// <summary>
/// Fetches files. One of a known digest is fetched on from where an earlier attempt ended, from whichever place has it, and enters the store only when its bytes are right.
/// Thread-safe.
/// </summary>
public sealed class Downloader : IDisposable
{
    private const int BufferBytes = 128 << 10;
    private const int ConnectionsMax = 8;
    private const int RedirectionsMax = 5;
    private static readonly TimeSpan PartialAge = TimeSpan.FromDays(7);

    private readonly HttpClient _client;
    private readonly ContentStore _store;
    private readonly Func<Uri, Uri?> _proxyOf;
    private readonly TimeProvider _time;
    private readonly Action<long> _received;
    private readonly DownloadPatience _patience;
    private readonly Lazy<string> _folder;
    private readonly ConcurrentDictionary<string, bool> _unreachable = new(StringComparer.Ordinal);

    /// <summary>Fetches into a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="proxyOf">The proxy of an address.</param>
    /// <param name="time">The clock of pauses.</param>
    /// <param name="received">Hears of bytes, also of those that an earlier attempt left; of fewer than none where what came has to come again. From any thread.</param>
    /// <param name="patience">How patient it is.</param>
    public Downloader(ContentStore store, Func<Uri, Uri?> proxyOf, TimeProvider time, Action<long> received, DownloadPatience? patience = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _proxyOf = proxyOf;
        _time = time;
        _received = received;
        _patience = patience ?? new DownloadPatience();
        _folder = new Lazy<string>(MakeFolder);
        var handler = new SocketsHttpHandler
        {
            Proxy = new Proxies(proxyOf),
            ConnectTimeout = _patience.Answer,
            MaxConnectionsPerServer = ConnectionsMax,
            MaxAutomaticRedirections = RedirectionsMax,
            AutomaticDecompression = DecompressionMethods.None,
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("cairn");
    }

    /// <summary>Reads a small file whose digest nobody knows yet, from the first place that has it. Throws <see cref="ToolchainException"/>.</summary>
    public Task<byte[]> ReadAsync(ImmutableArray<Uri> places, int bytesMax, CancellationToken cancellationToken) => ReadAsync(places, bytesMax, FetchWords.OfArchive, access: null, cancellationToken);

    /// <summary>The same from a server that may want to know who asks.</summary>
    internal async Task<byte[]> ReadAsync(ImmutableArray<Uri> places, int bytesMax, FetchWords words, IServerAccess? access, CancellationToken cancellationToken)
    {
        var target = new MemoryTarget();
        await TryEachAsync(places, async place =>
        {
            target.Restart(place, mark: null);
            await CopyAsync(place, target, bytesMax, isFresh: true, access, cancellationToken);
        }, words, cancellationToken);
        return target.ToArray();
    }

    /// <summary>Folders with blobs by their hashes, <c>blobs/sha256/…</c>, which are looked into before any other place.</summary>
    public IReadOnlyList<string> Vendored { get; init; } = [];

    /// <summary>Brings a file into the store, unless it is there. Throws <see cref="ToolchainException"/>.</summary>
    public Task FetchAsync(ImmutableArray<Uri> places, Digest digest, CancellationToken cancellationToken) => FetchAsync(places, digest, FetchWords.OfArchive, access: null, cancellationToken);

    internal async Task FetchAsync(ImmutableArray<Uri> places, Digest digest, FetchWords words, IServerAccess? access, CancellationToken cancellationToken)
    {
        if (!_store.Contains(digest))
        {
            _ = await FetchAsync(places, digest.Hash, digest.SizeBytes, isWhole: (_, found) => found == digest, digest.SizeBytes, words, access, cancellationToken);
        }
    }

    /// <summary>Brings a file into the store of which only the hash is known, and a bound on its bytes. Throws <see cref="ToolchainException"/>.</summary>
    internal Task<Digest> FetchAsync(ImmutableArray<Uri> places, string sha256, long bytesMax, FetchWords words, CancellationToken cancellationToken) =>
        FetchAsync(places, sha256, size: null, (_, found) => found.Hash == sha256, bytesMax, words, access: null, cancellationToken);

    /// <summary>The same of a file of which the SHA-512 hash is known. Throws <see cref="ToolchainException"/>.</summary>
    internal Task<Digest> FetchSha512Async(ImmutableArray<Uri> places, string sha512, long bytesMax, CancellationToken cancellationToken) =>
        FetchAsync(places, sha512[..64], size: null, (file, _) => file.Sha512() == sha512, bytesMax, FetchWords.OfFile, access: null, cancellationToken);

    private async Task<Digest> FetchAsync(ImmutableArray<Uri> places, string name, long? size, Func<PartialFile, Digest, bool> isWhole, long bytesMax, FetchWords words, IServerAccess? access, CancellationToken cancellationToken)
    {
        try
        {
            places = [.. Vendored.Select(folder => $"{folder}/blobs/sha256/{name}").Where(File.Exists).Select(static path => new Uri(path)), .. places];
            using var file = PartialFile.Open(_folder.Value, name, bytesMax);
            _received(file.Length);
            var digest = Digest.Empty;
            await TryEachAsync(places, async place =>
            {
                if (size is not { } known || file.Length < known)
                {
                    await CopyAsync(place, file, bytesMax, isFresh: false, access, cancellationToken);
                }

                if (file.Length < size)
                {
                    throw new InvalidDataException($"it ended after {file.Length} of {size} bytes");
                }

                digest = file.Current;
                if (!isWhole(file, digest))
                {
                    _received(-file.Length);
                    file.Restart();
                    throw new InvalidDataException(words.Wrong);
                }
            }, words, cancellationToken);
            if (_store.PutFile(file.Handle, digest.SizeBytes, out _) != digest)
            {
                throw new ToolchainException($"`{Show(places[0])}` changed on the disk while it was stored");
            }

            file.Remove();
            return digest;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unfit(exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>An address as it can be shown: without a password.</summary>
    public static string Show(Uri place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return place.UserInfo.Length == 0 ? place.ToString() : WithoutUser(place).ToString();
    }

    /// <summary>Tries all places in turn, and those that might do better again after a pause.</summary>
    private async Task TryEachAsync(ImmutableArray<Uri> places, Func<Uri, Task> attempt, FetchWords words, CancellationToken cancellationToken)
    {
        // Where nobody answered before comes last.
        var pending = places.OrderBy(p => _unreachable.ContainsKey(p.Authority)).ToList();
        var failures = new Dictionary<Uri, Exception>();
        var pause = _patience.FirstPause;
        for (var round = 1; ; round++)
        {
            foreach (var place in pending.ToArray())
            {
                try
                {
                    await attempt(place);
                    _ = _unreachable.TryRemove(place.Authority, out _);
                    return;
                }
                catch (Exception exception) when (exception is HttpRequestException or InvalidDataException or SourceException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
                {
                    failures[place] = exception;
                    if (exception is HttpRequestException { StatusCode: null } or OperationCanceledException)
                    {
                        _unreachable[place.Authority] = true;
                    }

                    if (!IsWorthAnother(exception, round))
                    {
                        pending.Remove(place);
                    }
                }
            }

            if (pending.Count == 0 || round == _patience.RoundsMax)
            {
                throw Failure(places, failures, words);
            }

            await Task.Delay(pause * ((RandomNumberGenerator.GetInt32(1000) + 500) / 1000.0), _time, cancellationToken);
            pause *= 2;
        }
    }

    // A file that is wrong is fetched once more, in case it was wrong on the way; one that is not there is not there.
    private static bool IsWorthAnother(Exception exception, int round) => exception switch
    {
        InvalidDataException => round == 1,
        SourceException => false,
        HttpRequestException { StatusCode: { } status } => (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests,
        _ => true,
    };

    private ToolchainException Failure(ImmutableArray<Uri> places, Dictionary<Uri, Exception> failures, FetchWords words)
    {
        // What one place lacks another may only have failed to send.
        var (place, cause) = failures.Where(static f => !IsGone(f.Value)).OrderBy(f => places.IndexOf(f.Key)).FirstOrDefault();
        var others = failures.Count > 1 ? $", nor from {(failures.Count == 2 ? "another place" : $"{failures.Count - 1} other places")}" : "";
        if (cause is null)
        {
            return new ToolchainException($"`{Show(places[0])}` cannot be fetched{others}: {words.Gone}", words.WhenGone, failures[places[0]]) { Code = DiagnosticCodes.ToolchainFileGone };
        }

        if (cause is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden })
        {
            return new ToolchainException($"`{Show(place)}` cannot be fetched{others}: {words.Denied}", words.WhenDenied, cause) { Code = DiagnosticCodes.ToolchainUnreachable };
        }

        if (cause is InvalidDataException)
        {
            return new ToolchainException($"`{Show(place)}` cannot be fetched{others}: {cause.Message}", words.WhenWrong, cause) { Code = DiagnosticCodes.ToolchainFileWrong };
        }

        var proxy = !place.IsFile && cause is not HttpRequestException { StatusCode: not null and not HttpStatusCode.ProxyAuthenticationRequired } ? _proxyOf(place) : null;
        var reason = cause is OperationCanceledException ? $"the server sent less than {_patience.BytesMin >> 10} KiB in {Math.Max(1, _patience.Silence.TotalSeconds):0} s" : cause.Message;
        var message = $"`{Show(place)}` cannot be fetched{others}: {reason}{(proxy is null ? "" : $" (through the proxy `{proxy.Authority}`)")}";
        var help = $"see that the network{(proxy is null ? "" : " and the proxy of apt")} can be reached; what has come is kept, and the next attempt goes on from there. Without a network `--from DIR` takes a folder that `cairn toolchain vendor` wrote";
        return new ToolchainException(message, help, cause) { Code = DiagnosticCodes.ToolchainUnreachable };
    }

    private static bool IsGone(Exception exception) => exception is HttpRequestException { StatusCode: HttpStatusCode.NotFound or HttpStatusCode.Gone } or SourceException { InnerException: FileNotFoundException or DirectoryNotFoundException };

    /// <summary>Copies from where the target ends on, or where the server knows no offsets, from the start.</summary>
    private async Task CopyAsync(Uri place, DownloadTarget target, long bytesMax, bool isFresh, IServerAccess? access, CancellationToken cancellationToken)
    {
        if (place.IsFile)
        {
            CopyFile(place.LocalPath, target, bytesMax, cancellationToken);
            return;
        }

        using var silence = new CancellationTokenSource(_patience.Answer, _time);
        using var given = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), silence);
        using var response = await SendAsync(place, target, isFresh, access, silence.Token);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            Restart(target, place, mark: null);
            throw new HttpRequestException("the server has less of it than before", inner: null, HttpStatusCode.ServiceUnavailable);
        }

        response.EnsureSuccessStatusCode();
        if (target.Length == 0 || response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != target.Length)
        {
            // A weak mark says nothing of single bytes.
            Restart(target, place, response.Headers.ETag is { IsWeak: false } mark ? mark.Tag : response.Content.Headers.LastModified?.ToString("R"));
            if (response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From is not (null or 0))
            {
                throw new HttpRequestException("the server sent another part than was asked for", inner: null, HttpStatusCode.ServiceUnavailable);
            }
        }

        await using var content = await response.Content.ReadAsStreamAsync(silence.Token);
        var buffer = new byte[BufferBytes];
        var sinceLast = 0;
        silence.CancelAfter(_patience.Silence);
        while (await ReceiveAsync(content, buffer, silence.Token) is > 0 and var count)
        {
            Append(target, buffer.AsSpan(0, count), bytesMax);
            sinceLast += count;
            if (sinceLast >= _patience.BytesMin)
            {
                sinceLast = 0;
                silence.CancelAfter(_patience.Silence);
            }
        }
    }

    /// <summary>Asks, and a second time where the server wants to know who does.</summary>
    private async Task<HttpResponseMessage> SendAsync(Uri place, DownloadTarget target, bool isFresh, IServerAccess? access, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            using var request = Request(place, target, isFresh);
            access?.Prepare(request);
            var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!isFirst || access is null || response.StatusCode != HttpStatusCode.Unauthorized)
            {
                return response;
            }

            using (response)
            {
                if (!await access.TryAnswerAsync(response, _client, cancellationToken))
                {
                    response.EnsureSuccessStatusCode();
                }
            }
        }
    }

    // A broken connection is not to be taken for a broken disk.
    private static async ValueTask<int> ReceiveAsync(Stream content, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException exception)
        {
            throw new HttpRequestException(exception.Message, exception);
        }
    }

    private static HttpRequestMessage Request(Uri place, DownloadTarget target, bool isFresh)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, place.UserInfo.Length == 0 ? place : WithoutUser(place));
        if (place.UserInfo.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(place.UserInfo))));
        }

        if (isFresh)
        {
            // No cache on the way may answer with an older one.
            request.Headers.CacheControl = new CacheControlHeaderValue { MaxAge = TimeSpan.Zero };
        }

        if (target.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(target.Length, null);
            if (target.MarkOf(place) is { } mark)
            {
                request.Headers.TryAddWithoutValidation("If-Range", mark);
            }
        }

        return request;
    }

    private void CopyFile(string path, DownloadTarget target, long bytesMax, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        Microsoft.Win32.SafeHandles.SafeFileHandle file;
        try
        {
            file = File.OpenHandle(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SourceException(exception.Message, exception);
        }

        using (file)
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int count;
                try
                {
                    count = RandomAccess.Read(file, buffer, target.Length);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    throw new SourceException(exception.Message, exception);
                }

                if (count == 0)
                {
                    return;
                }

                Append(target, buffer.AsSpan(0, count), bytesMax);
            }
        }
    }

    private void Append(DownloadTarget target, ReadOnlySpan<byte> content, long bytesMax)
    {
        if (target.Length + content.Length > bytesMax)
        {
            throw new InvalidDataException($"it is longer than {bytesMax} bytes");
        }

        target.Append(content);
        _received(content.Length);
    }

    private void Restart(DownloadTarget target, Uri place, string? mark)
    {
        _received(-target.Length);
        target.Restart(place, mark);
    }

    private static Uri WithoutUser(Uri place) => new UriBuilder(place) { UserName = "", Password = "" }.Uri;

    private string MakeFolder()
    {
        if (_store.ReadOnlyReason is { } reason)
        {
            throw new StoreException($"Nothing can be stored: {reason}");
        }

        var folder = Path.Combine(_store.Directory, "downloads");
        Directory.CreateDirectory(folder);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
        {
            if (_time.GetUtcNow().UtcDateTime - file.LastWriteTimeUtc > PartialAge)
            {
                file.Delete();
            }
        }

        return folder;
    }

    /// <summary>What to say where the store does not take something.</summary>
    internal static ToolchainException Unfit(Exception exception)
    {
        const string Help = "make room, or set `cache.directory` to another disk; what has come is kept, and nothing half-made is used";
        return new ToolchainException(exception is StoreException ? exception.Message : $"Nothing could be stored: {exception.Message}", Help, exception) { Code = DiagnosticCodes.ToolchainStoreUnfit };
    }

    /// <summary>A place on this machine that does not have a file, or does not give it.</summary>
    private sealed class SourceException(string message, Exception inner) : Exception(message, inner);

    private sealed class Proxies(Func<Uri, Uri?> proxyOf) : IWebProxy, ICredentials
    {
        public ICredentials? Credentials
        {
            get => this;
            set => throw new NotSupportedException();
        }

        public Uri? GetProxy(Uri destination) => proxyOf(destination);

        public bool IsBypassed(Uri host) => proxyOf(host) is null;

        public NetworkCredential? GetCredential(Uri uri, string authType) =>
            uri.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var password] ? new NetworkCredential(Uri.UnescapeDataString(user), password is [var secret] ? Uri.UnescapeDataString(secret) : "") : null;
    }
}

/// <summary>How a server is told who asks.</summary>
internal interface IServerAccess
{
    /// <summary>Adds what is known to a request.</summary>
    void Prepare(HttpRequestMessage request);

    /// <summary>Gets what the server asks for, after it refused a request; false where that cannot be had.</summary>
    Task<bool> TryAnswerAsync(HttpResponseMessage refusal, HttpClient client, CancellationToken cancellationToken);
}

/// <summary>What is said where something cannot be fetched.</summary>
/// <param name="Wrong">Its bytes are other ones.</param>
/// <param name="WhenWrong">What to do then.</param>
/// <param name="Gone">It is not there.</param>
/// <param name="WhenGone">What to do then.</param>
/// <param name="Denied">The server does not give it to everybody.</param>
/// <param name="WhenDenied">What to do then.</param>
internal sealed record FetchWords(string Wrong, string WhenWrong, string Gone, string WhenGone, string Denied, string? WhenDenied)
{
    public static FetchWords OfArchive { get; } = new(
        "its content is not what the signed index says", "use another mirror, or see what stands between: nothing of it was used", "the archive no longer has it",
        "`cairn toolchain update` locks what the archive has now; a folder that `cairn toolchain vendor` wrote still has it (`--from DIR`)", "the server refuses it", null);

    public static FetchWords OfFile { get; } = new(
        "its content does not have the hash that it shall have", "see that the hash is the publisher's; if it is, somebody changed the file, and nothing of it was used",
        "it is not there", "see that the address is right, or name another one beside it", "the server refuses it", null);

    public static FetchWords OfImage { get; } = new(
        "its content is not what its digest says", "see what stands between: nothing of it was used", "the registry does not have it", "see that name and tag are right; what was locked may be gone, and `cairn toolchain update` locks what is there now",
        "the registry gives it to nobody whom it does not know", "`docker login`, or `skopeo login --authfile ~/.docker/config.json`, tells it who asks");
}
