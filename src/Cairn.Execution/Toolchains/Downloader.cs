using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Store.Content;

namespace Cairn.Execution.Toolchains;

/// <summary>
/// Fetches files. One of a known digest is fetched on from where an earlier attempt ended, from one mirror after another, and enters the store only when its bytes are right.
/// Thread-safe.
/// </summary>
public sealed class Downloader : IDisposable
{
    private const int AttemptsMax = 4;
    private const int BufferBytes = 128 << 10;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PartialAge = TimeSpan.FromDays(7);

    private readonly HttpClient _client;
    private readonly ContentStore _store;
    private readonly TimeProvider _time;
    private readonly Action<int> _received;
    private readonly string _folder;

    /// <summary>Fetches into a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="proxyOf">The proxy of an address.</param>
    /// <param name="time">The clock of pauses.</param>
    /// <param name="received">Hears of bytes; from any thread.</param>
    public Downloader(ContentStore store, Func<Uri, Uri?> proxyOf, TimeProvider time, Action<int> received)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _time = time;
        _received = received;
        _folder = Path.Combine(store.Directory, "downloads");
        Directory.CreateDirectory(_folder);
        RemoveAbandoned();
        var handler = new SocketsHttpHandler { Proxy = new Proxies(proxyOf), ConnectTimeout = SilenceTimeout, MaxConnectionsPerServer = 8, AutomaticDecompression = DecompressionMethods.None };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd("cairn");
    }

    /// <summary>Reads a small file whose digest nobody knows yet, from the first place that has it. Throws <see cref="ToolchainException"/>.</summary>
    public Task<byte[]> ReadAsync(ImmutableArray<Uri> places, int bytesMax, CancellationToken cancellationToken) => ReadAsync(places, bytesMax, FetchWords.OfArchive, access: null, cancellationToken);

    /// <summary>The same from a server that wants to know who asks.</summary>
    internal async Task<byte[]> ReadAsync(ImmutableArray<Uri> places, int bytesMax, FetchWords words, IServerAccess? access, CancellationToken cancellationToken)
    {
        var content = new MemoryStream();
        await TryEachAsync(places, async (place, _) =>
        {
            content.SetLength(0);
            await CopyAsync(place, 0, content, bytesMax, () => content.SetLength(0), access, cancellationToken);
        }, words, cancellationToken);
        return content.ToArray();
    }

    /// <summary>A folder with blobs by their hashes, <c>blobs/sha256/…</c>, which is looked into before any other place; null for none.</summary>
    public string? Vendored { get; init; }

    /// <summary>Brings a file into the store, unless it is there. Throws <see cref="ToolchainException"/>.</summary>
    public Task FetchAsync(ImmutableArray<Uri> places, Digest digest, CancellationToken cancellationToken) => FetchAsync(places, digest, FetchWords.OfArchive, access: null, cancellationToken);

    internal async Task FetchAsync(ImmutableArray<Uri> places, Digest digest, FetchWords words, IServerAccess? access, CancellationToken cancellationToken)
    {
        if (!_store.Contains(digest))
        {
            _ = await FetchAsync(places, digest.Hash, isSha512: false, digest.SizeBytes, digest.SizeBytes, words, access, cancellationToken);
        }
    }

    /// <summary>Brings a file into the store of which only the hash is known, and a bound on its bytes. Throws <see cref="ToolchainException"/>.</summary>
    internal Task<Digest> FetchAsync(ImmutableArray<Uri> places, string sha256, long bytesMax, FetchWords words, CancellationToken cancellationToken) =>
        FetchAsync(places, sha256, isSha512: false, size: null, bytesMax, words, access: null, cancellationToken);

    /// <summary>The same of a file of which the SHA-512 hash is known. Throws <see cref="ToolchainException"/>.</summary>
    internal Task<Digest> FetchSha512Async(ImmutableArray<Uri> places, string sha512, long bytesMax, CancellationToken cancellationToken) =>
        FetchAsync(places, sha512, isSha512: true, size: null, bytesMax, FetchWords.OfFile, access: null, cancellationToken);

    private async Task<Digest> FetchAsync(ImmutableArray<Uri> places, string hash, bool isSha512, long? size, long bytesMax, FetchWords words, IServerAccess? access, CancellationToken cancellationToken)
    {
        if (Vendored is { } folder && $"{folder}/blobs/{(isSha512 ? "sha512" : "sha256")}/{hash}" is var vendored && File.Exists(vendored))
        {
            places = [new Uri(vendored), .. places];
        }

        var path = Path.Combine(_folder, isSha512 ? hash[..64] : hash);
        using var file = new FileStream(Open(ref path), FileAccess.ReadWrite, bufferSize: 0);
        var digest = Digest.Empty;
        await TryEachAsync(places, async (place, isFirst) =>
        {
            if (file.Length > bytesMax)
            {
                file.SetLength(0);
            }

            file.Position = file.Length;
            if (file.Length < size || size is null or 0)
            {
                await CopyAsync(place, file.Length, file, bytesMax, () => file.SetLength(0), access, cancellationToken);
            }

            file.Position = 0;
            if (file.Length < size)
            {
                throw new HttpRequestException($"it ended after {file.Length} of {size} bytes");
            }

            digest = new Digest(await SHA256.HashDataAsync(file, cancellationToken), file.Length);
            file.Position = 0;
            if ((isSha512 ? Convert.ToHexStringLower(await SHA512.HashDataAsync(file, cancellationToken)) : digest.Hash) != hash)
            {
                file.SetLength(0);
                throw new InvalidDataException(words.Wrong);
            }
        }, words, cancellationToken);
        if (_store.PutFile(file.SafeFileHandle, digest.SizeBytes, out _) != digest)
        {
            throw new ToolchainException($"`{places[0]}` changed on the disk while it was stored");
        }

        File.Delete(path);
        return digest;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>The file of an earlier attempt, or a new one; another where a process is at it.</summary>
    private static Microsoft.Win32.SafeHandles.SafeFileHandle Open(ref string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            path = $"{path}.{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
            return File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        }
    }

    private async Task TryEachAsync(ImmutableArray<Uri> places, Func<Uri, bool, Task> attempt, FetchWords words, CancellationToken cancellationToken)
    {
        Exception? last = null;
        foreach (var place in places)
        {
            var pause = FirstPause;
            for (var count = 1; ; count++)
            {
                try
                {
                    await attempt(place, count == 1);
                    return;
                }
                catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidDataException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
                {
                    last = exception is OperationCanceledException ? new TimeoutException($"the server sent nothing for {SilenceTimeout.TotalSeconds:0} s") : exception;
                    if (count == AttemptsMax || !IsWorthAnother(exception, count))
                    {
                        break;
                    }
                }

                await Task.Delay(pause, _time, cancellationToken);
                pause *= 2;
            }
        }

        var gone = last is HttpRequestException { StatusCode: HttpStatusCode.NotFound } or FileNotFoundException or DirectoryNotFoundException;
        throw new ToolchainException(
            $"`{places[0]}` cannot be fetched{(places.Length > 1 ? $", nor from {places.Length - 1} other places" : "")}: {(gone ? words.Gone : last is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } ? words.Denied : last!.Message)}",
            gone ? words.WhenGone : null, last);
    }

    // A file that is wrong is fetched once more, in case it was wrong on the way; one that is not there is not there.
    private static bool IsWorthAnother(Exception exception, int count) => exception switch
    {
        InvalidDataException => count == 1,
        FileNotFoundException or DirectoryNotFoundException => false,
        HttpRequestException { StatusCode: { } status } => (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests,
        _ => true,
    };

    /// <summary>Copies from an offset on, or where the server knows no offsets, from the start.</summary>
    private async Task CopyAsync(Uri place, long offset, Stream target, long bytesMax, Action restart, IServerAccess? access, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(AnswerTimeout);
        if (place.IsFile)
        {
            await using var file = new FileStream(place.LocalPath, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            file.Position = Math.Min(offset, file.Length);
            await CopyAsync(file, target, bytesMax, silence);
            return;
        }

        using var response = await SendAsync(place, offset, access, silence.Token);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            restart();
            throw new HttpRequestException("the server has less of it than before");
        }

        response.EnsureSuccessStatusCode();
        if (offset > 0 && (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != offset))
        {
            restart();
        }

        await using var content = await response.Content.ReadAsStreamAsync(silence.Token);
        await CopyAsync(content, target, bytesMax, silence);
    }

    private async Task<HttpResponseMessage> SendAsync(Uri place, long offset, IServerAccess? access, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, place);
            if (offset > 0)
            {
                request.Headers.Range = new RangeHeaderValue(offset, null);
            }

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

    private async Task CopyAsync(Stream source, Stream target, long bytesMax, CancellationTokenSource silence)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            silence.CancelAfter(SilenceTimeout);
            var count = await source.ReadAsync(buffer, silence.Token);
            if (count == 0)
            {
                return;
            }

            if (target.Length + count > bytesMax)
            {
                throw new InvalidDataException($"it is longer than {bytesMax} bytes");
            }

            await target.WriteAsync(buffer.AsMemory(0, count), silence.Token);
            _received(count);
        }
    }

    private void RemoveAbandoned()
    {
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles())
        {
            if (_time.GetUtcNow().UtcDateTime - file.LastWriteTimeUtc > PartialAge)
            {
                file.Delete();
            }
        }
    }

    private sealed class Proxies(Func<Uri, Uri?> proxyOf) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => proxyOf(destination);

        public bool IsBypassed(Uri host) => proxyOf(host) is null;
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
/// <param name="Gone">It is not there.</param>
/// <param name="WhenGone">What to do then.</param>
/// <param name="Denied">The server does not give it to everybody.</param>
internal sealed record FetchWords(string Wrong, string Gone, string? WhenGone, string Denied)
{
    public static FetchWords OfArchive { get; } = new("its content is not what the signed index says", "the archive no longer has it", "`cairn toolchain update` locks what the archive has now", "the server refuses it");

    public static FetchWords OfFile { get; } = new("its content does not have the hash that it shall have", "it is not there", "see that the address is right, or name another one beside it", "the server refuses it");

    public static FetchWords OfImage { get; } = new(
        "its content is not what its digest says", "the registry does not have it", "see that name and tag are right; what was locked may be gone, and `cairn toolchain update` locks what is there now",
        "the registry gives it to nobody whom it does not know: `docker login` or `skopeo login --authfile ~/.docker/config.json` tells who asks");
}
