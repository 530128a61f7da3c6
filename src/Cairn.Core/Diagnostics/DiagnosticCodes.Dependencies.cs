namespace Cairn.Core.Diagnostics;

/// <content>Lock files of package managers: <c>CAIRN0740</c> to <c>CAIRN0749</c>.</content>
public static partial class DiagnosticCodes
{
    /// <summary>A lock file, or a folder where some may be, cannot be read.</summary>
    public const string LockFileUnreadable = "CAIRN0740";

    /// <summary>A lock file is too large, or has too many packages.</summary>
    public const string LockFileTooLarge = "CAIRN0741";

    /// <summary>A lock file does not follow the grammar of its format.</summary>
    public const string LockFileSyntax = "CAIRN0742";

    /// <summary>A lock file is of a version of its format that is not read.</summary>
    public const string LockFileVersion = "CAIRN0743";

    /// <summary>A value of a lock file is missing or of another type than its format has.</summary>
    public const string LockFileShape = "CAIRN0744";

    /// <summary>Warning: a package needs one that the lock file does not have.</summary>
    public const string DependencyUnresolved = "CAIRN0745";

    /// <summary>Warning: a dependency has no fixed version.</summary>
    public const string DependencyNotPinned = "CAIRN0746";

    /// <summary>There are too many lock files or folders.</summary>
    public const string LockFilesTooMany = "CAIRN0747";
}
