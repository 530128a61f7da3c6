namespace Cairn.Store;

/// <summary>Every limit of the store. Units come last in the names.</summary>
public static partial class Limits
{
    /// <summary>Blobs up to this size are handled whole, in one buffer of a pool.</summary>
    public const int WholeBlobBytesMax = 1 << 20;

    /// <summary>Bytes of one transfer of a larger blob.</summary>
    public const int TransferBytes = 256 << 10;

    /// <summary>From this size on a second thread hashes while the first one reads and writes.</summary>
    public const int TwoThreadsBytesMin = 4 << 20;

    /// <summary>Blobs below this size are stored as they are: what compression saves is less than a block or two.</summary>
    public const int CompressedBlobBytesMin = 64 << 10;

    /// <summary>Blobs above this size are stored as they are: compressing them would hold up the step that made them.</summary>
    public const int CompressedBlobBytesMax = 64 << 20;

    /// <summary>Bytes at the start of a blob that are compressed on trial.</summary>
    public const int CompressionProbeBytes = 64 << 10;

    /// <summary>The window that a compressed blob may ask for, as a power of two: a bound on the memory of reading one.</summary>
    public const int CompressionWindowLogMax = 23;

    /// <summary>Bytes of <c>store.json</c>, of a pin, and of other small files of the store itself.</summary>
    public const int StoreFileBytesMax = 1 << 20;

    /// <summary>Entries that a memo of verdicts has at most: 20 MB.</summary>
    public const int VerdictsMax = 500_000;

    /// <summary>Bytes of an entry of the action cache.</summary>
    public const int ActionEntryBytesMax = 64 << 20;

    /// <summary>Characters of the name of a pin.</summary>
    public const int PinNameCharsMax = 100;

    /// <summary>Seconds after which a file under a temporary name that cannot be locked counts as abandoned.</summary>
    public const int AbandonedSeconds = 600;

    /// <summary>Findings of a check that are told one by one.</summary>
    public const int FindingsMax = 10_000;

    /// <summary>How exact the marks of use are: a blob that is used again and again is marked this often.</summary>
    public static readonly TimeSpan UseGranularity = TimeSpan.FromHours(1);

    /// <summary>What was used within this time is never collected.</summary>
    public static readonly TimeSpan RecentUse = TimeSpan.FromHours(1);

    /// <summary>How long a layer is kept that nothing uses: it takes less to lay one out again than to keep all that a project ever had.</summary>
    public static readonly TimeSpan UnusedLayerTime = TimeSpan.FromDays(14);

    /// <summary>How often runs look whether the store is over its quota.</summary>
    public static readonly TimeSpan CollectionInterval = TimeSpan.FromDays(1);

    /// <summary>How long what was found damaged is kept in quarantine.</summary>
    public static readonly TimeSpan QuarantineTime = TimeSpan.FromDays(30);

    /// <summary>Results that may be demoted on a machine.</summary>
    public const int DemotionsMax = 100_000;
}
