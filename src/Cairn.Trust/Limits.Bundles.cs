namespace Cairn.Trust;

/// <content>Bundles.</content>
public static partial class Limits
{
    /// <summary>Files of a bundle that are blobs of their own; more of them are one layer.</summary>
    public const int BundleBlobFilesMax = 1_000;

    /// <summary>Bytes of a manifest of a bundle, as many as registries take.</summary>
    public const int BundleManifestBytesMax = 4 << 20;

    /// <summary>Bytes of a bundle's index.</summary>
    public const int BundleIndexBytesMax = 16 << 20;

    /// <summary>Documents that tell of a bundle's artifact.</summary>
    public const int BundleEvidenceMax = 20_000;

    /// <summary>Bytes of all documents that tell of a bundle's artifact: they are held in memory.</summary>
    public const int BundleEvidenceBytesMax = 256 << 20;

    /// <summary>Bytes of the tree of a bundle.</summary>
    public const int BundleTreeBytesMax = 64 << 20;
}
