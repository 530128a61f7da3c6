namespace Cairn.Cli;

/// <summary>The executable that this is.</summary>
internal static class CairnProgram
{
    private const string Name = "cairn";

    /// <summary>Its path, whatever it is called. In a test program, and where the runtime is a program of its own, that of the one beside it.</summary>
    public static string Path { get; } = Find();

    // One file that has everything in it has no library beside it.
    private static string Find()
    {
        var beside = System.IO.Path.Combine(AppContext.BaseDirectory, Name);
        return Environment.ProcessPath is { } path && (IsNamed(path) || !File.Exists(beside)) ? path : beside;
    }

    private static bool IsNamed(string path) => string.Equals(System.IO.Path.GetFileName(path), Name, StringComparison.Ordinal);
}
