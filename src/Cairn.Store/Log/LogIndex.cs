using System.Buffers.Binary;
using System.Globalization;

using Cairn.Core.Content;
using Cairn.Trust.Log;

namespace Cairn.Store.Log;

/// <summary>A hash by which entries are found.</summary>
public enum LogColumn
{
    /// <summary>The envelope's.</summary>
    Bundle,

    /// <summary>The payload's, which names the attestation.</summary>
    Attestation,

    /// <summary>The action digest's.</summary>
    Action,

    /// <summary>That over what an action left behind.</summary>
    Outputs,
}

/// <summary>A row of the index.</summary>
/// <param name="Sequence">The index of the leaf.</param>
/// <param name="Bundle">SHA-256 of the envelope in hex; null for what the log writes about itself.</param>
/// <param name="Attestation">SHA-256 of the payload; null likewise.</param>
/// <param name="Action">The hash of the action digest; null where it is about none.</param>
/// <param name="Outputs">The hash over the outputs; null likewise.</param>
/// <param name="Time">When it was appended.</param>
public sealed record LogRow(long Sequence, string? Bundle, string? Attestation, string? Action, string? Outputs, DateTimeOffset Time);

/// <summary>The listing beside a log: a row for each leaf, in files of 65,536. All but the time follows from the leaves.</summary>
internal sealed class LogIndex(ILogDisk disk)
{
    /// <summary>Its folder.</summary>
    public const string Folder = "index";

    /// <summary>Bytes of a row: four hashes and a time in milliseconds, big-endian.</summary>
    public const int RowBytes = (Columns * Digest.HashBytes) + sizeof(long);

    /// <summary>Rows of a file.</summary>
    public const int RowsPerFile = 1 << 16;

    private const int Columns = 4;
    private const int RowsPerRead = 1 << 12;

    // The last millisecond that there is a date for.
    private const long TimeMax = 253_402_300_799_999;

    /// <summary>The file of a row.</summary>
    public static string FileOf(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{Folder}/{sequence / RowsPerFile:D9}");

    /// <summary>Fills a row from a leaf.</summary>
    public static void Fill(Span<byte> row, ReadOnlySpan<byte> leaf, long time)
    {
        row.Clear();
        if (LeafHashes.TryRead(leaf, out var hashes))
        {
            Put(row, 0, leaf[hashes.Envelope]);
            Put(row, 1, leaf[hashes.Payload]);
            Put(row, 2, hashes.HasAction ? leaf[hashes.Action] : default);
            Put(row, 3, hashes.HasOutputs ? leaf[hashes.Outputs] : default);
        }

        BinaryPrimitives.WriteInt64BigEndian(row[(Columns * Digest.HashBytes)..], time);
    }

    /// <summary>The time of a row.</summary>
    public static long TimeOf(ReadOnlySpan<byte> row) => BinaryPrimitives.ReadInt64BigEndian(row[(Columns * Digest.HashBytes)..]);

    /// <summary>Writes rows that follow each other.</summary>
    public void Write(long first, ReadOnlySpan<byte> rows)
    {
        while (!rows.IsEmpty)
        {
            var within = first % RowsPerFile;
            var count = (int)Math.Min(RowsPerFile - within, rows.Length / RowBytes);
            disk.Write(FileOf(first), within * RowBytes, rows[..(count * RowBytes)]);
            rows = rows[(count * RowBytes)..];
            first += count;
        }
    }

    /// <summary>Reads rows that follow each other, of one file; how many were there.</summary>
    public int Read(long first, Span<byte> rows)
    {
        var within = first % RowsPerFile;
        var bytes = (int)Math.Min(rows.Length, (RowsPerFile - within) * RowBytes);
        return disk.Read(FileOf(first), within * RowBytes, rows[..bytes]) / RowBytes;
    }

    /// <summary>A row; null where there is none.</summary>
    public LogRow? Find(long sequence)
    {
        Span<byte> row = stackalloc byte[RowBytes];
        return Read(sequence, row) == 1 ? RowOf(sequence, row) : null;
    }

    /// <summary>Rows with a hash, or one that begins so, the newest first.</summary>
    /// <param name="column">Which hash.</param>
    /// <param name="prefix">It, or its beginning, in lower-case hex.</param>
    /// <param name="size">How many leaves to look at.</param>
    public IEnumerable<LogRow> Search(LogColumn column, string prefix, long size)
    {
        // Compared as bytes; an odd digit at the end is looked at where the rest fits.
        var whole = Convert.FromHexString(prefix.AsSpan(0, prefix.Length & ~1));
        var rows = new byte[RowsPerRead * RowBytes];
        for (var end = size; end > 0;)
        {
            var first = (end - 1) / RowsPerRead * RowsPerRead;
            var count = (int)Math.Min(end - first, Read(first, rows.AsSpan(0, (int)(end - first) * RowBytes)));
            for (var i = count - 1; i >= 0; i--)
            {
                var row = rows.AsSpan(i * RowBytes, RowBytes);
                if (row.Slice((int)column * Digest.HashBytes, Digest.HashBytes).StartsWith(whole) && RowOf(first + i, row) is var found && HashOf(found, column)?.StartsWith(prefix, StringComparison.Ordinal) == true)
                {
                    yield return found;
                }
            }

            end = first;
        }
    }

    /// <summary>The hash of a row in a column.</summary>
    public static string? HashOf(LogRow row, LogColumn column) => column switch
    {
        LogColumn.Bundle => row.Bundle,
        LogColumn.Attestation => row.Attestation,
        LogColumn.Action => row.Action,
        _ => row.Outputs,
    };

    private static LogRow RowOf(long sequence, ReadOnlySpan<byte> row)
    {
        // A time that is none is damage, which nothing but this row bears witness to.
        var time = TimeOf(row);
        return new LogRow(sequence, Hash(row, 0), Hash(row, 1), Hash(row, 2), Hash(row, 3), DateTimeOffset.FromUnixTimeMilliseconds(time is >= 0 and <= TimeMax ? time : 0));
    }

    private static string? Hash(ReadOnlySpan<byte> row, int column)
    {
        var hash = row.Slice(column * Digest.HashBytes, Digest.HashBytes);
        return hash.IndexOfAnyExcept((byte)0) < 0 ? null : Hex.Lower(hash);
    }

    private static void Put(Span<byte> row, int column, ReadOnlySpan<byte> hex) => Hex.Read(hex, row.Slice(column * Digest.HashBytes, Digest.HashBytes));
}
