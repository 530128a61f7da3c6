using Cairn.Core.Content;
using Cairn.Store.Content;

namespace Cairn.Store.Bundles;

/// <summary>Hashes what comes in many small pieces, on another thread while it comes.</summary>
internal sealed class BlockHash : IDisposable
{
    private readonly StreamingHash _hash = new(long.MaxValue);
    private int _filled;

    /// <summary>Takes some bytes.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            var free = _hash.Buffer[_filled..];
            var count = Math.Min(content.Length, free.Length);
            content[..count].CopyTo(free);
            content = content[count..];
            _filled += count;
            if (_filled == _hash.Buffer.Length)
            {
                Flush();
            }
        }
    }

    /// <summary>The digest of all.</summary>
    public Digest Finish()
    {
        if (_filled > 0)
        {
            Flush();
        }

        return _hash.Finish();
    }

    public void Dispose() => _hash.Dispose();

    private void Flush()
    {
        _ = _hash.Append(_filled);
        _hash.Advance();
        _filled = 0;
    }
}
