namespace Cairn.Core.Diagnostics;

public static partial class DiagnosticCodes
{
    /// <summary>A step asks for a toolchain that is not declared.</summary>
    public const string UnknownToolchain = "CAIRN0700";

    /// <summary>A step has a toolchain, but runs without a sandbox, in which alone it can be given.</summary>
    public const string ToolchainNeedsSandbox = "CAIRN0701";

    /// <summary>A toolchain is not in <c>cairn.lock</c>, or there is none.</summary>
    public const string ToolchainNotLocked = "CAIRN0702";

    /// <summary>A toolchain in <c>cairn.lock</c> is for another request than the pipeline's.</summary>
    public const string ToolchainLockStale = "CAIRN0703";

    /// <summary><c>cairn.lock</c> cannot be read, or was edited.</summary>
    public const string ToolchainLockInvalid = "CAIRN0704";

    /// <summary>A toolchain is for another architecture than the machine's.</summary>
    public const string ToolchainForeign = "CAIRN0705";

    /// <summary>An archive has a package with the version that <c>cairn.lock</c> names, and other bytes.</summary>
    public const string ToolchainReplaced = "CAIRN0706";

    /// <summary>A key of a toolchain that says nothing about its kind.</summary>
    public const string ToolchainKeyMisplaced = "CAIRN0710";

    /// <summary>A toolchain is what a step makes which cannot make it for who uses it.</summary>
    public const string ToolchainStepUnfit = "CAIRN0711";

    /// <summary>Toolchains of one step have different files at the same path.</summary>
    public const string ToolchainsClash = "CAIRN0712";

    /// <summary>What a toolchain takes from the machine is not there.</summary>
    public const string ToolchainHostMissing = "CAIRN0713";

    /// <summary>What a toolchain takes from the machine is other than when it was locked.</summary>
    public const string ToolchainHostChanged = "CAIRN0714";

    /// <summary>A toolchain was not written into the pipeline.</summary>
    public const string ToolchainNotAdded = "CAIRN0715";

    /// <summary>A step asks for the machine's own programs together with a toolchain.</summary>
    public const string ToolchainHostJoined = "CAIRN0716";

    /// <summary>A file of an archive cannot be fetched: no mirror that apt knows answers as it should.</summary>
    public const string ToolchainUnreachable = "CAIRN0730";

    /// <summary>An archive no longer has a file that <c>cairn.lock</c> names.</summary>
    public const string ToolchainFileGone = "CAIRN0731";

    /// <summary>What a mirror sends is not what was signed.</summary>
    public const string ToolchainFileWrong = "CAIRN0732";

    /// <summary>No key that the machine trusts vouches for a release.</summary>
    public const string ToolchainUnsigned = "CAIRN0733";

    /// <summary>A release is signed and yet not to be relied on: past its last day, older than one seen, of another suite.</summary>
    public const string ToolchainReleaseRefused = "CAIRN0734";

    /// <summary>apt of the machine has no source for a suite, or cannot say which of several.</summary>
    public const string ToolchainNoSource = "CAIRN0735";

    /// <summary>Packages cannot become a tree: they do not resolve, do not fit together, or would do what cannot be done.</summary>
    public const string ToolchainPackagesUnfit = "CAIRN0736";

    /// <summary><c>cairn.lock</c> names something that no signed index vouches for, or a tree that its packages do not become.</summary>
    public const string ToolchainNotVouched = "CAIRN0737";

    /// <summary>The store cannot take a toolchain: the disk is full, or nothing may be written.</summary>
    public const string ToolchainStoreUnfit = "CAIRN0738";

    /// <summary>The machine lacks what toolchains are checked or unpacked by.</summary>
    public const string ToolchainToolMissing = "CAIRN0739";

}
