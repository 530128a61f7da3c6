using System.Reflection;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language;

namespace Cairn.Tests.Language;

public sealed class GoldenTests
{
    private static string Pipelines => Path.Combine(Samples.Root, "testdata", "pipelines");

    public static TheoryData<string> Invalid() => FilesOf("invalid");

    public static TheoryData<string> Valid() => FilesOf("valid");

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Read_ListsEveryMistake_OfInvalidSample(string name)
    {
        var result = Samples.ReadFile(Path.Combine(Pipelines, "invalid"), name);
        Samples.AssertGolden(Path.Combine(Pipelines, "invalid", Path.ChangeExtension(name, ".expected")), Samples.List(result.Diagnostics));
        Assert.NotEmpty(result.Diagnostics);
        Assert.Equal(result.Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error), result.Pipeline is null);
    }

    [Theory]
    [MemberData(nameof(Valid))]
    public void Read_FindsNothing_InValidSample(string name)
    {
        var result = Samples.ReadFile(Path.Combine(Pipelines, "valid"), name);
        Assert.Equal("", Samples.List(result.Diagnostics));
        Assert.NotNull(result.Pipeline);
    }

    [Fact]
    public void Samples_ShowEveryCodeOfTheLanguage()
    {
        var shown = string.Concat(Directory.EnumerateFiles(Path.Combine(Pipelines, "invalid"), "*.expected").Select(File.ReadAllText));
        var codes = typeof(DiagnosticCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (Name: f.Name, Code: (string)f.GetRawConstantValue()!))
            .Where(c => string.CompareOrdinal(c.Code, "CAIRN0050") >= 0 && string.CompareOrdinal(c.Code, "CAIRN0199") <= 0);

        // Limits and unreadable files are shown by tests of their own: a sample would be huge.
        string[] elsewhere = [DiagnosticCodes.FileUnreadable, DiagnosticCodes.TooManySteps, DiagnosticCodes.IncludeLimit];
        Assert.Empty(codes.Where(c => !shown.Contains(c.Code, StringComparison.Ordinal) && !elsewhere.Contains(c.Code)).Select(c => c.Name));
    }

    [Fact]
    public void Schema_IsUpToDate() =>
        Samples.AssertGolden(Path.Combine(Samples.Root, "docs", "reference", "cairn.schema.json"), PipelineSchema.Generate());

    [Fact]
    public void KeyReference_IsUpToDate() =>
        Samples.AssertGolden(Path.Combine(Samples.Root, "docs", "reference", "language-keys.md"), PipelineSchema.GenerateReference());

    private static TheoryData<string> FilesOf(string folder)
    {
        var data = new TheoryData<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Pipelines, folder), "*.yaml").Order(StringComparer.Ordinal))
        {
            data.Add(Path.GetFileName(file));
        }

        return data;
    }
}
