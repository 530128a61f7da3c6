namespace Cairn.Cli;

/// <summary>The executable that this is.</summary>
internal static class CairnProgram
{
    private const string Name = "cairn";

    /// <summary>Its path. In a test program, that of the one beside it.</summary>
    public static string Path { get; } =
        Environment.ProcessPath is { } path && string.Equals(System.IO.Path.GetFileName(path), Name, StringComparison.Ordinal) ? path : System.IO.Path.Combine(AppContext.BaseDirectory, Name);
}
