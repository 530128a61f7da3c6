using System.Collections.Immutable;
using System.Text;

using Cairn.Testing;
using Cairn.Tidy;

[assembly: AssemblyFixture(typeof(Repository))]

namespace Cairn.Tidy;

/// <summary>The files of the repository as git sees them: tracked, or new and not ignored.</summary>
public sealed class Repository : IAsyncLifetime
{
    private const string FuzzCorpora = "testdata/";

    /// <summary>Files of the projects that `cairn new` makes: theirs are the habits of their languages.</summary>
    private const string Templates = "templates/";

    public ImmutableArray<SourceFile> Files { get; private set; } = [];

    /// <summary>Text that people write; test data may be as odd as it likes.</summary>
    public IEnumerable<SourceFile> Written => Files.Where(f => f.IsText && f.Path != "LICENSE" && !f.Path.StartsWith(FuzzCorpora, StringComparison.Ordinal));

    public IEnumerable<SourceFile> CSharp => Files.Where(f => f.Extension == ".cs" && !f.Path.StartsWith(Templates, StringComparison.Ordinal));

    public IEnumerable<SourceFile> Projects => Files.Where(f => f.Extension == ".csproj" && !f.Path.StartsWith(Templates, StringComparison.Ordinal));

    public IEnumerable<SourceFile> Markdown => Files.Where(f => f.Extension == ".md");

    public bool Has(string path) => Files.Any(f => f.Path == path);

    public async ValueTask InitializeAsync()
    {
        var listed = await new Tool("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard") { Folder = SourceTree.Root }
            .RunAsync(TestContext.Current.CancellationToken);
        Assert.True(listed.ExitCode == 0, listed.ToString());
        Files = [.. listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal).Select(SourceFile.Read).OfType<SourceFile>()];
        Assert.NotEmpty(Files);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A file of the repository; its path has forward slashes and is relative to the root.</summary>
public sealed record SourceFile(string Path, bool IsText, string Text)
{
    public string FullPath => System.IO.Path.Combine(SourceTree.Root, Path);

    public string Name => System.IO.Path.GetFileName(Path);

    public string Extension => System.IO.Path.GetExtension(Path);

    /// <summary>The lines, without their ends.</summary>
    public ImmutableArray<string> Lines { get; } = [.. Text.Split('\n')];

    public bool IsShipped => Path.StartsWith("src/", StringComparison.Ordinal);

    /// <summary>Whether it belongs to a test project.</summary>
    public bool IsTest => Path.StartsWith("tests/", StringComparison.Ordinal) || Path.StartsWith("tests/", StringComparison.Ordinal);

    /// <summary>Reads a file; null for what git lists and is no file here: deleted, a link, another repository.</summary>
    public static SourceFile? Read(string path)
    {
        var file = new FileInfo(System.IO.Path.Combine(SourceTree.Root, path));
        if (!file.Exists || file.LinkTarget is not null)
        {
            return null;
        }

        var bytes = File.ReadAllBytes(file.FullName);
        return bytes.Contains((byte)0) ? new SourceFile(path, IsText: false, string.Empty) : new SourceFile(path, IsText: true, Encoding.UTF8.GetString(bytes));
    }
}
