using System.Buffers;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;

namespace Cairn.Store.Bundles;

/// <summary>
/// A layer of all files of a tree as it is read: headers, files, padding, and the zeros at the end. A function of the tree and the files. It takes more time to open small files than to read them, so
/// threads of its own read those ahead, a block of many at a time; a large one is read where its turn comes.
/// </summary>
internal sealed class LayerStream : ForwardStream
{
    private const int BlockBytes = Limits.TransferBytes;
    private const int BlocksAhead = 8;

    private readonly IReadOnlyList<TreeItem> _items;
    private readonly Func<TreeItem, Stream> _open;
    private readonly Digest[]? _digests;
    private readonly Block[] _blocks = new Block[BlocksAhead];
    private readonly SemaphoreSlim _free = new(BlocksAhead);
    private readonly Lock _lock = new();
    private readonly Thread[] _threads = new Thread[WorkerThreads.Count];

    // What the threads take next, and the next block that is read.
    private int _nextItem;
    private long _nextBlock;
    private bool _stopped;
    private long _readBlock = -1;

    private ReadOnlyMemory<byte> _bytes;
    private LargeFile? _large;
    private bool _ended;

    /// <param name="items">The tree.</param>
    /// <param name="open">Opens a file of it; by several threads at once.</param>
    /// <param name="digests">Where to put the digests of the files, by their place in the tree; null where nobody asks.</param>
    public LayerStream(IReadOnlyList<TreeItem> items, Func<TreeItem, Stream> open, Digest[]? digests = null)
    {
        (_items, _open, _digests) = (items, open, digests);
        for (var i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = new Block();
        }

        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(FillAll) { IsBackground = true, Name = "cairn-layer" };
            _threads[i].Start();
        }
    }

    /// <summary>The bytes of the layer of a tree.</summary>
    public static long LengthOf(IReadOnlyList<TreeItem> items)
    {
        long length = Ustar.EndBytes;
        foreach (var item in items)
        {
            length += Ustar.OfItem(item).Length;
            if (item.IsFile)
            {
                length += item.Leaf.Digest.SizeBytes + Ustar.Padding(item.Leaf.Digest.SizeBytes);
            }
        }

        return length;
    }

    public override int Read(Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length && (!_bytes.IsEmpty || _large is not null || Advance()))
        {
            var rest = buffer[total..];
            if (!_bytes.IsEmpty)
            {
                var count = Math.Min(rest.Length, _bytes.Length);
                _bytes.Span[..count].CopyTo(rest);
                _bytes = _bytes[count..];
                total += count;
            }
            else
            {
                total += ReadLarge(_large!, rest);
            }
        }

        return total;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_stopped)
        {
            lock (_lock)
            {
                _stopped = true;
            }

            _free.Release(_threads.Length);
            Array.ForEach(_threads, static t => t.Join());
            Array.ForEach(_blocks, static b => b.Dispose());
            _free.Dispose();
            _large?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Goes on to the next block; false at the end.</summary>
    private bool Advance()
    {
        if (_ended)
        {
            return false;
        }

        if (_readBlock >= 0)
        {
            _free.Release();
        }

        var block = _blocks[++_readBlock % BlocksAhead];
        block.Filled.Wait();
        block.Failure?.Throw();
        _bytes = block.Written;
        _large = block.Large is { } index ? new LargeFile(index, _items[index], _open) : null;
        _ended = block.IsLast;
        return true;
    }

    private int ReadLarge(LargeFile file, Span<byte> buffer)
    {
        var count = file.Read(buffer);
        if (file.Rest == 0)
        {
            _large = null;
            var digest = file.Finish();
            if (_digests is not null)
            {
                _digests[file.Index] = digest;
            }

            _bytes = new byte[Ustar.Padding(digest.SizeBytes)];
        }

        return count;
    }

    private void FillAll()
    {
        while (true)
        {
            _free.Wait();
            Block block;
            int first, end;
            lock (_lock)
            {
                if (_stopped || _nextItem > _items.Count)
                {
                    return;
                }

                // Blocks are free in the order in which they are read: there is one for each permit.
                block = _blocks[_nextBlock++ % BlocksAhead];
                (first, end) = (_nextItem, EndOfBlock(_nextItem));
                _nextItem = first == _items.Count ? first + 1 : end;
            }

            try
            {
                Fill(block, first, end);
            }
            catch (Exception exception)
            {
                block.Failure = ExceptionDispatchInfo.Capture(exception);
            }

            block.Filled.Release();
        }
    }

    /// <summary>Behind the last item of a block: as many as fit, or one alone that does not.</summary>
    private int EndOfBlock(int first)
    {
        var end = first;
        for (long bytes = 0; end < _items.Count; end++)
        {
            bytes += Ustar.BlockBytes + (_items[end].IsFile ? _items[end].Leaf.Digest.SizeBytes : 0);
            if (bytes > BlockBytes && end > first)
            {
                break;
            }
        }

        return end;
    }

    private void Fill(Block block, int first, int end)
    {
        // The zeros at the end are a block of their own.
        block.Begin(isLast: first == _items.Count);
        for (var i = first; i < end; i++)
        {
            var item = _items[i];
            var header = Ustar.OfItem(item);
            header.CopyTo(block.Append(header.Length));
            var size = item.IsFile ? item.Leaf.Digest.SizeBytes : 0;
            if (size > BlockBytes - Ustar.BlockBytes)
            {
                block.Large = i;
                break;
            }

            var content = block.Append((int)size + Ustar.Padding(size));
            content[(int)size..].Clear();
            content = content[..(int)size];
            if (size > 0)
            {
                using var stream = _open(item);
                if (stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) < content.Length)
                {
                    throw Shorter(item);
                }
            }

            if (_digests is not null && item.IsFile)
            {
                _digests[i] = Digest.Of(content);
            }
        }

        if (block.IsLast)
        {
            block.Append(Ustar.EndBytes).Clear();
        }
    }

    private static IOException Shorter(TreeItem item) => new($"`{item.Path}` became shorter while it was read");

    private sealed class Block : IDisposable
    {
        private byte[] _bytes = ArrayPool<byte>.Shared.Rent(BlockBytes + Ustar.EndBytes);
        private int _length;

        public SemaphoreSlim Filled { get; } = new(0);

        public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

        public bool IsLast { get; private set; }

        /// <summary>The file whose header the block ends with, and which is too large for one.</summary>
        public int? Large { get; set; }

        public ExceptionDispatchInfo? Failure { get; set; }

        public void Begin(bool isLast) => (_length, IsLast, Large) = (0, isLast, null);

        public Span<byte> Append(int count)
        {
            if (_length + count > _bytes.Length)
            {
                // Long names take more than was reckoned with.
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _bytes.Length, _length + count));
                _bytes.AsSpan(0, _length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_bytes);
                _bytes = larger;
            }

            _length += count;
            return _bytes.AsSpan(_length - count, count);
        }

        public void Dispose()
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            Filled.Dispose();
        }
    }

    private sealed class LargeFile(int index, TreeItem item, Func<TreeItem, Stream> open) : IDisposable
    {
        private readonly Stream _stream = open(item);
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public int Index => index;

        public long Rest { get; private set; } = item.Leaf.Digest.SizeBytes;

        public int Read(Span<byte> buffer)
        {
            var count = _stream.Read(buffer[..(int)Math.Min(buffer.Length, Rest)]);
            Rest -= count > 0 ? count : throw Shorter(item);
            _hash.AppendData(buffer[..count]);
            return count;
        }

        public Digest Finish()
        {
            var digest = new Digest(_hash.GetHashAndReset(), item.Leaf.Digest.SizeBytes);
            Dispose();
            return digest;
        }

        public void Dispose()
        {
            _stream.Dispose();
            _hash.Dispose();
        }
    }
}
