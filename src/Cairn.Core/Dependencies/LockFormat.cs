namespace Cairn.Core.Dependencies;

/// <summary>A kind of lock file. To add one: derive from this, list it in <see cref="All"/>, and put an example below <c>testdata/deps</c>.</summary>
internal abstract class LockFormat
{
    /// <summary>What its files are called.</summary>
    public abstract string Name { get; }

    public abstract Ecosystem Ecosystem { get; }

    /// <summary>The command that makes the file anew.</summary>
    public abstract string Remake { get; }

    /// <summary>Every format.</summary>
    public static IReadOnlyList<LockFormat> All { get; } =
    [
        new Formats.NuGetLock(),
        new Formats.NpmLock(),
        new Formats.MavenLock(),
        new Formats.MavenProject(),
        new Formats.UvLock(),
        new Formats.PoetryLock(),
        new Formats.PyLock(),
        new Formats.Requirements(),
        new Formats.CargoLock(),
        new Formats.GoModule(),
        new Formats.GemfileLock(),
        new Formats.ComposerLock(),
    ];

    /// <summary>Whether a file of this name is of this format.</summary>
    public virtual bool Takes(string fileName) => string.Equals(fileName, Name, StringComparison.Ordinal);

    /// <summary>Whether a file of this name is read for what it tells about lock files of this format.</summary>
    public virtual bool IsCompanion(string fileName) => false;

    /// <summary>Whether other files make this one say nothing of its own.</summary>
    public virtual bool IsReplaced(LockFile file, Func<string, LockFile?> files) => false;

    /// <summary>Reads a file; mistakes go to its diagnostics.</summary>
    public abstract void Read(LockReading reading);
}
