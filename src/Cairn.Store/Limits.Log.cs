namespace Cairn.Store;

public static partial class Limits
{
    /// <summary>Leaves that are appended to a log at once.</summary>
    public const int BatchLeavesMax = 4_096;

    /// <summary>Bytes of a record of a log's journal: as many leaves as large as they can be.</summary>
    public const int JournalRecordBytesMax = 320 << 20;

    /// <summary>Records after which a log's journal begins anew. Each may leave a partial tile behind until then.</summary>
    public const int JournalRecordsMax = 256;

    /// <summary>Bytes after which a log's journal begins anew.</summary>
    public const int JournalBytesMax = 8 << 20;

    /// <summary>Bytes of a file of a log that is read as a whole: a tile of entries as large as they can be.</summary>
    public const int LogFileBytesMax = 256 * (2 + ushort.MaxValue);

    /// <summary>How long to wait for others that write to a log.</summary>
    public static readonly TimeSpan LogLockWait = TimeSpan.FromSeconds(10);
}
