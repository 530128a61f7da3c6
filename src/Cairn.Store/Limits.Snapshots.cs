namespace Cairn.Store;

/// <summary>Every limit of what is kept. Units come last in the names.</summary>
public static partial class Limits
{
    /// <summary>Mistakes that one snapshot tells of.</summary>
    public const int SourceDiagnosticsMax = 100;

    /// <summary>Files and links of one snapshot.</summary>
    public const int SourceFilesMax = 1_000_000;

    /// <summary>Folders below each other.</summary>
    public const int SourceDepthMax = 256;

    /// <summary>Bytes of a path relative to the project; the kernel takes no more.</summary>
    public const int SourcePathBytesMax = 4_095;

    /// <summary>Bytes of one file with ignore rules.</summary>
    public const int IgnoreFileBytesMax = 4 << 20;

    /// <summary>Bytes of the stat index.</summary>
    public const int StatIndexBytesMax = 1 << 30;

    /// <summary>How often the index is written without anybody asking for a file before the file is forgotten.</summary>
    public const int StatIndexIdleSavesMax = 100;

    /// <summary>How often a file that changes while it is hashed is hashed again.</summary>
    public const int HashAttemptsMax = 4;
}
