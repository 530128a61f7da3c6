using Cairn.Testing;

namespace Cairn.EndToEnd;

public sealed class DependencyTests
{
    [Fact]
    public async Task Deps_Reads_Lock_Files_Of_Every_Ecosystem()
    {
        using var project = new TestProject();
        var samples = Path.Combine(SourceTree.Root, "testdata", "deps");
        foreach (var file in Directory.EnumerateFiles(samples, "*", SearchOption.AllDirectories))
        {
            project.Write(Path.GetRelativePath(samples, file), await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        }

        var all = await project.CairnAsync("deps");
        Assert.True(all.ExitCode == 0, all.ToString());
        foreach (var title in (string[])["npm/package-lock.json", "Dapper 2.1.35", "aho-corasick 1.1.3", "golang.org/x/text v0.15.0", "nokogiri 1.16.5", "monolog/monolog 3.6.0", "requests 2.32.3", "idna 3.7", "flask 3.0.3", "org.slf4j:slf4j-api 2.0.13"])
        {
            Assert.Contains(title, all.Output, StringComparison.Ordinal);
        }

        var why = await project.CairnAsync("deps", "why", "ansi-regex@5.0.1");
        Assert.True(why.ExitCode == 0, why.ToString());
        Assert.Contains("shop → wide-align 1.1.5", why.Output, StringComparison.Ordinal);

        var svg = await project.CairnAsync("deps", "--format", "svg", "--output", "deps.svg");
        Assert.True(svg.ExitCode == 0, svg.ToString());
        Assert.StartsWith("<svg ", project.Read("deps.svg"), StringComparison.Ordinal);
    }
}
