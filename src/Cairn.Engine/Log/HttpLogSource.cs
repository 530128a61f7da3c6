using Cairn.Trust.Log;

namespace Cairn.Engine.Log;

/// <summary>A log on a server: static files of C2SP tlog-tiles.</summary>
public sealed class HttpLogSource : ILogSource
{
    private readonly LogHttp _http;
    private readonly Uri _address;

    /// <param name="address">The prefix of the log.</param>
    /// <param name="time">The clock of pauses.</param>
    /// <param name="patience">How patient it is.</param>
    public HttpLogSource(Uri address, TimeProvider time, LogPatience? patience = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        _address = LogHttp.AsFolder(address);
        _http = new LogHttp(_address, time, patience ?? new LogPatience());
    }

    /// <inheritdoc/>
    public string Place => _address.ToString();

    /// <inheritdoc/>
    public async Task<byte[]> ReadCheckpointAsync(CancellationToken cancellationToken) =>
        await _http.TryGetAsync(new Uri(_address, LogFiles.CheckpointName), Cairn.Trust.Limits.NoteBytesMax, cancellationToken).ConfigureAwait(false)
            ?? throw new LogUnavailableException($"There is no log at {_address}: it has no checkpoint");

    /// <inheritdoc/>
    public async Task<byte[]> ReadTileAsync(TilePath tile, CancellationToken cancellationToken)
    {
        var bytesMax = tile.Level == TilePath.EntriesLevel ? LogSources.EntriesBytesMax : TilePath.WidthMax * MerkleHash.Bytes;
        if (await _http.TryGetAsync(new Uri(_address, tile.ToString()), bytesMax, cancellationToken).ConfigureAwait(false) is { } bytes)
        {
            return bytes;
        }

        // A partial tile may be gone when the full one is there.
        var full = tile.IsFull ? null : await _http.TryGetAsync(new Uri(_address, (tile with { Width = TilePath.WidthMax }).ToString()), bytesMax, cancellationToken).ConfigureAwait(false);
        return (full is null ? null : LogSources.Narrowed(full, tile)) ?? throw new LogBreachException(LogBreach.Missing, $"`{tile}` of the log at {_address} is missing");
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
