namespace Cairn.EndToEnd.Sandbox;

/// <summary>Steps that write beside their outputs, in ways that make looking hard.</summary>
public sealed class UndeclaredTests
{
    public static TheoryData<bool> Users => HostileProject.Users;

    [Theory, MemberData(nameof(Users))]
    public async Task Folders_That_A_Step_Forbids_Are_Told_And_Do_Not_Fail_It(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, """
              listed: { inputs: [], run: "mkdir d; touch d/f; chmod 444 d" }
              closed: { inputs: [], run: "mkdir d; touch d/f; chmod 0 d" }
              input: { inputs: [in.txt], run: "chmod 0 in.txt" }
              strict: { inputs: [], strict: true, run: "mkdir d; touch d/f; chmod 0 d" }

            """);
        hostile.Project.Write("in.txt", "input\n");

        var result = await hostile.RunAsync("-k");

        Assert.Matches(@"listed: succeeded", result.Output);
        Assert.Contains("`listed` wrote a file that is not among its outputs: `d/f`", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"closed: succeeded", result.Output);
        Assert.Matches(@"`closed` wrote a file that is not among its outputs: `d/(f)?`", result.Output);
        Assert.Matches(@"input: succeeded", result.Output);
        Assert.Matches(@"strict: failed in \S+: it is `strict` and wrote a file", result.Output);
        hostile.AssertNothingLeft();
    }

    [Fact]
    public async Task Names_That_Hold_A_Secret_Are_Masked()
    {
        using var hostile = HostileProject.Of(asUser: false, """
              leak: { inputs: [], env: { TOKEN: "${{ secrets.token }}" }, run: "touch \"x-$TOKEN.txt\"" }
              strict: { inputs: [], strict: true, env: { TOKEN: "${{ secrets.token }}" }, run: "touch \"y-$TOKEN.txt\"" }
            secrets: { token: { env: HOST_CANARY } }

            """);

        var result = await hostile.RunAsync("-k");

        Assert.Contains("`leak` wrote a file that is not among its outputs: `x-***", result.Output, StringComparison.Ordinal);
        Assert.Contains("strict: failed", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(hostile.Canary, result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Step_That_Becomes_Strict_Is_Executed_Again()
    {
        using var hostile = HostileProject.Of(asUser: false, "  lax: { inputs: [], run: touch beside }\n");
        Assert.Equal(0, (await hostile.RunAsync()).ExitCode);
        Assert.Contains("1 of 1 cached", (await hostile.RunAsync()).Output, StringComparison.Ordinal);
        hostile.Project.Write("cairn.yaml", "version: 1\ndefaults: { isolation: sandbox }\nsteps:\n  lax: { inputs: [], strict: true, run: touch beside }\n");

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("it is `strict` and wrote a file", result.Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Users))]
    public async Task Root_Of_A_Failed_Step_Is_Kept_Without_Filling_Its_Holes(bool asUser)
    {
        using var hostile = HostileProject.Of(asUser, "  sparse: { inputs: [], limits: { disk: 64MiB }, run: \"truncate -s 4T x; echo end | dd of=x bs=1 seek=1000000000 conv=notrunc status=none; exit 1\" }\n");

        var result = await hostile.RunAsync();

        Assert.True(result.ExitCode == 1, result.ToString());
        Assert.Contains("look around in it: cairn debug", result.Output, StringComparison.Ordinal);
        var kept = Directory.EnumerateFiles(Path.Combine(hostile.Store, "roots"), "x", SearchOption.AllDirectories).Single();
        Assert.Equal(4L << 40, new FileInfo(kept).Length);
        var seen = await hostile.Command("debug", "sparse", "-c", "tail -c +1000000001 x | head -n 1; du -k x | cut -f1").RunAsync(TestContext.Current.CancellationToken);
        Assert.Matches(@"^end\n\d{1,3}\n$", seen.Output);
    }
}
