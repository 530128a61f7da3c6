using System.CommandLine;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Commands;

namespace Cairn.Tests.Cli;

public sealed class RunArgumentsTests
{
    public static TheoryData<string> PlainLines =>
    [
        "", "--quiet", "-q", "--plain", "--json", "--dry-run", "--keep-going", "--deterministic build", "--no-cache -q", "-k", "-k --dry-run", "build", "build test lint[os=linux]", "-q build", "build -q -k", "-C sub", "--directory sub build",
        "-C ../x -j 4", "--max-parallel 12 a", "a -j 2 b", "a-b c_d",
    ];

    public static TheoryData<string> OtherLines =>
    [
        "-q -q", "--quiet --quiet", "-qk", "--quiet=true", "-q true", "true", "-j", "-j 0", "-j x", "-j4", "-j=4", "-j -1", "-j 4 -j 4", "-C", "-C -q", "--directory=sub", "--only a", "--force a", "--no-cache --no-cache", "--until a",
        "-p a=b", "--help", "-h", "--version", "--no-color", "--color always", "--", "-- a", "--unknown", "-x", "Build", "@file", "[suggest]", "-j 99999999999",
    ];

    [Theory]
    [MemberData(nameof(PlainLines))]
    public void TryReadPlain_Agrees_WithTheParser(string line)
    {
        string[] words = ["run", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var options = new RunOptions();
        var command = new Command("run");
        options.AddTo(command);
        var root = new Command("cairn") { command };
        var parsed = root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Assert.Empty(parsed.Errors);
        Assert.Null(UsageErrors.Find(parsed, words));
        Assert.Equivalent(options.Read(parsed), RunArguments.TryReadPlain(words, from: 1), strict: true);
    }

    [Theory]
    [MemberData(nameof(OtherLines))]
    public void TryReadPlain_Leaves_EveryOtherLine(string line) =>
        Assert.Null(RunArguments.TryReadPlain(["run", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)], from: 1));
}
