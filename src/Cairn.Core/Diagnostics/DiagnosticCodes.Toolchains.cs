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
}
