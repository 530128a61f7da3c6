using System.Buffers;
using System.Security.Cryptography;

using Cairn.Core.Content;

namespace Cairn.Store.Content;

/// <summary>
/// Hashes what passes through a few buffers of a pool: fill <see cref="Buffer"/>, then <see cref="Append"/>, and the bytes may still be read (not written) until the next fill.
/// For large content a second thread hashes meanwhile, so that reading and writing cost nothing beyond the hash.
/// </summary>
internal sealed class StreamingHash : IDisposable
{
    private const int BuffersInFlight = 4;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly (byte[] Bytes, int Count)[] _buffers;
    private readonly SemaphoreSlim? _free;
    private readonly SemaphoreSlim? _filled;
    private readonly Thread? _thread;
    private int _next;
    private bool _ended;

    /// <param name="expectedBytes">How much will come, roughly.</param>
    public StreamingHash(long expectedBytes)
    {
        var isLarge = expectedBytes >= Limits.TwoThreadsBytesMin && Environment.ProcessorCount > 1;
        _buffers = new (byte[], int)[isLarge ? BuffersInFlight : 1];
        var bytes = (int)Math.Clamp(expectedBytes, 4096, Limits.TransferBytes);
        for (var i = 0; i < _buffers.Length; i++)
        {
            _buffers[i].Bytes = ArrayPool<byte>.Shared.Rent(bytes);
        }

        if (isLarge)
        {
            // One buffer is always with the caller.
            _free = new SemaphoreSlim(BuffersInFlight - 1);
            _filled = new SemaphoreSlim(0);

            // A thread of its own: a pool that is busy with waiting callers would not start it.
            _thread = new Thread(HashAll) { IsBackground = true, Name = "cairn-hash" };
            _thread.Start();
        }
    }

    /// <summary>Where to put the next bytes.</summary>
    public Span<byte> Buffer => _buffers[_next].Bytes.AsSpan(0, Math.Min(_buffers[_next].Bytes.Length, Limits.TransferBytes));

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Takes what was put at the start of <see cref="Buffer"/>, and gives it back for reading.</summary>
    public ReadOnlySpan<byte> Append(int count)
    {
        var filled = _buffers[_next].Bytes.AsSpan(0, count);
        Length += count;
        if (_thread is null)
        {
            _hash.AppendData(filled);
            return filled;
        }

        _buffers[_next].Count = count;
        _filled!.Release();
        return filled;
    }

    /// <summary>Makes <see cref="Buffer"/> one that may be written again.</summary>
    public void Advance()
    {
        if (_thread is not null)
        {
            _free!.Wait();
            _next = (_next + 1) % _buffers.Length;
        }
    }

    /// <summary>The digest of all that was appended.</summary>
    public Digest Finish()
    {
        End();
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        _hash.GetHashAndReset(hash);
        return new Digest(hash, Length);
    }

    public void Dispose()
    {
        End();
        foreach (var (bytes, _) in _buffers)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        _hash.Dispose();
        _free?.Dispose();
        _filled?.Dispose();
    }

    private void End()
    {
        if (_thread is not null && !_ended)
        {
            _ended = true;
            _filled!.Release();
            _thread.Join();
        }
    }

    private void HashAll()
    {
        for (var at = 0; ; at = (at + 1) % _buffers.Length)
        {
            _filled!.Wait();

            // The token after the last buffer: the caller has set the flag before, and no buffer is open.
            ref var buffer = ref _buffers[at];
            if (buffer.Count == 0)
            {
                return;
            }

            _hash.AppendData(buffer.Bytes.AsSpan(0, buffer.Count));
            buffer.Count = 0;
            _free!.Release();
        }
    }
}
