namespace Cairn.Store;

public static partial class Limits
{
    /// <summary>Bytes of a file of a package: <c>modules</c> of a JDK and the compiler libraries are the largest.</summary>
    public const int PackageFileBytesMax = 1 << 30;

    /// <summary>Files of a package.</summary>
    public const int PackageFilesMax = 500_000;

    /// <summary>Bytes of a control file of a package.</summary>
    public const int ControlFileBytesMax = 16 << 20;
}
