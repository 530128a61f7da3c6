namespace Cairn.Core.Diagnostics;

/// <content>Bundles: <c>CAIRN0840</c> to <c>CAIRN0859</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A file is no bundle, ends too early, or cannot be read.</summary>
    public const string BundleUnreadable = "CAIRN0840";

    /// <summary>A bundle is not written as the format has it.</summary>
    public const string BundleNotCanonical = "CAIRN0841";

    /// <summary>An archive has an entry that no bundle has: a link, a device, a sparse file, a name that leads elsewhere.</summary>
    public const string BundleEntryForbidden = "CAIRN0842";

    /// <summary>An entry stands in a bundle twice.</summary>
    public const string BundleEntryTwice = "CAIRN0843";

    /// <summary>A bundle has a blob that nothing in it refers to, or something after its end.</summary>
    public const string BundleUnreferenced = "CAIRN0844";

    /// <summary>A part of a bundle does not have the digest that it is named by.</summary>
    public const string BundleDigestWrong = "CAIRN0845";

    /// <summary>A part of a bundle is larger than bundles may have it, or than there is room for.</summary>
    public const string BundleTooLarge = "CAIRN0846";

    /// <summary>A bundle has a manifest or a part of a media type that is not known.</summary>
    public const string BundleMediaType = "CAIRN0847";

    /// <summary>A manifest of a bundle is wrong, or about another artifact.</summary>
    public const string BundleManifestWrong = "CAIRN0848";

    /// <summary>The tree of a bundle has names that differ in case only, or a link that leads out.</summary>
    public const string BundleTreeWrong = "CAIRN0849";

    /// <summary>What is to go into a bundle is not there, or nothing that a bundle can hold.</summary>
    public const string BundleInputUnusable = "CAIRN0850";

    /// <summary>A bundle cannot be written or unpacked to where it should go.</summary>
    public const string BundleTargetUnusable = "CAIRN0851";

    /// <summary>What is to be added to a bundle is no evidence that bundles hold.</summary>
    public const string BundleEvidenceUnusable = "CAIRN0852";

    /// <summary>A bundle step is written wrongly.</summary>
    public const string BundleStepInvalid = "CAIRN0853";

    /// <summary>A run's bundle was not sealed with its evidence.</summary>
    public const string BundleNotSealed = "CAIRN0854";

    /// <summary>There is nothing to export, or a part of it is no longer there.</summary>
    public const string TransferIncomplete = "CAIRN0855";

    /// <summary>A part of an import is not trusted, or not what it says it is; it was left out.</summary>
    public const string TransferRefused = "CAIRN0856";
}
