using System.Buffers;

using Cairn.Core.Actions;
using Cairn.Execution;

namespace Cairn.Engine.Caching;

/// <summary>Takes a span and says where it came from.</summary>
internal delegate void OutputAction(OutputStream stream, ReadOnlySpan<byte> bytes);

/// <summary>Tells a stored log again, byte for byte and stream by stream.</summary>
internal static class LogReplay
{
    private const int ChunkBytes = 64 << 10;

    /// <summary>Replays the log of a result.</summary>
    public static void Write(ActionResult result, RunCache cache, OutputAction write)
    {
        if (result.Log is not { } digest || cache.TryOpen(digest) is not { } log)
        {
            return;
        }

        using (log)
        {
            var index = cache.TryRead(result.LogIndex, Limits.LogIndexBytesMax);
            ReadOnlySpan<byte> rest = index;
            var reader = new LogIndexReader();
            while (reader.TryRead(ref rest, out var record))
            {
                Copy(log, record.Length, record.Stream, write);
            }

            // What no index tells of: more came than it was allowed to say.
            Copy(log, long.MaxValue, OutputStream.Stdout, write);
        }
    }

    private static void Copy(Stream log, long length, OutputStream stream, OutputAction write)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (length > 0)
            {
                var count = log.Read(buffer, 0, (int)Math.Min(length, buffer.Length));
                if (count == 0)
                {
                    return;
                }

                write(stream, buffer.AsSpan(0, count));
                length -= count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
