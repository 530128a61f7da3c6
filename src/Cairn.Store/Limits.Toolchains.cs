namespace Cairn.Store;

public static partial class Limits
{
    /// <summary>Bytes of a file of a package: <c>modules</c> of a JDK and the compiler libraries are the largest.</summary>
    public const int PackageFileBytesMax = 1 << 30;

    /// <summary>Files of a package.</summary>
    public const int PackageFilesMax = 500_000;

    /// <summary>Bytes of a control file of a package.</summary>
    public const int ControlFileBytesMax = 16 << 20;

    /// <summary>Entries of a layer of an image, or of an archive.</summary>
    public const int ArchiveEntriesMax = 1_000_000;

    /// <summary>Bytes that a layer or an archive may become.</summary>
    public const long ArchiveBytesMax = 64L << 30;
}
