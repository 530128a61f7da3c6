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
}
