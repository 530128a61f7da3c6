using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language;

namespace Cairn.Tests.Language;

/// <summary>Reads pipelines from memory or from <c>testdata/pipelines</c>, and writes diagnostics as lines.</summary>
internal static class Samples
{
    public static string Root { get; } = FindRoot();

    public static bool UpdateGolden { get; } = Environment.GetEnvironmentVariable("CAIRN_UPDATE_GOLDEN") is "1";

    /// <summary>Reads one file.</summary>
    public static ReadResult Read(string text) => Read(("cairn.yaml", text));

    /// <summary>Reads files of which the first is the pipeline.</summary>
    public static ReadResult Read(params (string Name, string Text)[] files) => PipelineReader.Read(files[0].Name, new MemoryLoader(files));

    /// <summary>Reads a file as what it is: `*.generated.yaml` as a generated pipeline.</summary>
    public static ReadResult ReadFile(string folder, string name) => PipelineReader.Read(name, new FolderLoader(folder));

    /// <summary>One line for each diagnostic: place, code, message; then its suggestion and notes, indented.</summary>
    public static string List(ImmutableArray<Diagnostic> diagnostics)
    {
        var text = new StringBuilder();
        foreach (var diagnostic in diagnostics)
        {
            text.Append($"{diagnostic.Span} {(diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning")} {diagnostic.Code}: {diagnostic.Message}\n");
            if (diagnostic.Suggestion is not null)
            {
                text.Append($"  help: {diagnostic.Suggestion}\n");
            }

            foreach (var note in diagnostic.Notes)
            {
                text.Append($"  note: {note.Message} ({note.Span})\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Compares with a file, or writes it when golden files are updated.</summary>
    public static void AssertGolden(string path, string actual)
    {
        if (UpdateGolden)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        Assert.True(File.Exists(path), $"{path} is missing; run the tests with CAIRN_UPDATE_GOLDEN=1");
        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static string FindRoot([CallerFilePath] string file = "")
    {
        var folder = Path.GetDirectoryName(file);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Cairn.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The repository's root was not found");
    }

    internal sealed class MemoryLoader(params (string Name, string Text)[] files) : ISourceLoader
    {
        public byte[]? Load(string path)
        {
            foreach (var (name, text) in files)
            {
                if (string.Equals(name, path, StringComparison.Ordinal))
                {
                    return text is "<unreadable>" ? throw new IOException("permission denied") : Encoding.UTF8.GetBytes(text);
                }
            }

            return null;
        }
    }

    private sealed class FolderLoader(string folder) : ISourceLoader
    {
        public byte[]? Load(string path) => Path.Combine(folder, path) is var file && File.Exists(file) ? File.ReadAllBytes(file) : null;
    }
}
