using Cairn.Core.Tracing;

namespace Cairn.Tests.Tracing;

public sealed class StraceReaderTests
{
    [Theory]
    [InlineData("\"\"", "")]
    [InlineData("\"a b\"", "a b")]
    [InlineData("\"a\\\"b\\\\c\\n\\t\\7\"", "a\"b\\c\n\t\a")]
    [InlineData("\"\\303\\251\\x41\"", "éA")]
    [InlineData("\"\\0011\"", "\u00011")]
    [InlineData("\"\\377\"", null)]
    [InlineData("\"abc\"...", null)]
    [InlineData("0x7ffe", null)]
    [InlineData("NULL", null)]
    public void Text_Reads_C_Strings(string shown, string? text) => Assert.Equal(text, StraceText.Text(shown));

    [Theory]
    [InlineData("3</work/a>", "/work/a")]
    [InlineData("AT_FDCWD</work>", "/work")]
    [InlineData("3</work/\\74x\\76 y>", "/work/<x> y")]
    [InlineData("3</work/a>(deleted)", null)]
    [InlineData("4<pipe:[12]>", null)]
    [InlineData("AT_FDCWD", null)]
    public void PathOf_Reads_Descriptors(string shown, string? path) => Assert.Equal(path, StraceText.PathOf(shown));

    [Fact]
    public void Read_Splits_Arguments()
    {
        var call = Read("7     newfstatat(AT_FDCWD</a,b(>, \"x, y)\", {st_mode=S_IFREG|0644, st_size=2, ...}, 0) = 0 /* } */")!;
        Assert.Equal((7, "newfstatat", "0 /* } */"), (call.Process, call.Name, call.Result));
        Assert.Equal(["AT_FDCWD</a,b(>", "\"x, y)\"", "{st_mode=S_IFREG|0644, st_size=2, ...}", "0"], call.Arguments);
        Assert.Equal(["3</a>", "0x5 /* 7 entries, \"] */", "32768"], Read("7 getdents64(3</a>, 0x5 /* 7 entries, \"] */, 32768) = 184")!.Arguments);
        Assert.Empty(Read("7 vfork()                 = 9")!.Arguments);
    }

    [Fact]
    public void Read_Tells_Results()
    {
        Assert.True(Read("7 openat(AT_FDCWD</w>, \"f\", O_RDONLY) = 3</w/f>")!.Succeeded);
        var failed = Read("7 access(\"f\", R_OK) = -1 ENOENT (No such file or directory)")!;
        Assert.Equal((false, "ENOENT"), (failed.Succeeded, failed.Error));
        var never = Read("7 exit_group(0)  = ?")!;
        Assert.Equal((false, null), (never.Succeeded, never.Error));
    }

    [Fact]
    public void Read_Puts_Interrupted_Calls_Together()
    {
        var reader = new StraceReader();
        Assert.Null(reader.Read("1 openat(AT_FDCWD</w>, \"f\",  <unfinished ...>"));
        Assert.Null(reader.Read("2 chdir(\"/w\" <unfinished ...>"));
        Assert.Null(reader.Read("1 --- SIGCHLD {si_signo=SIGCHLD} ---"));
        var call = reader.Read("1 <... openat resumed>O_RDONLY) = 3</w/f>")!;
        Assert.Equal((1, "openat", 1), (call.Process, call.Name, call.BegunAt));
        Assert.Equal(["AT_FDCWD</w>", "\"f\"", "O_RDONLY"], call.Arguments);
        Assert.Equal("? <unavailable>", reader.Read("2 <... chdir resumed> <unfinished ...>) = ? <unavailable>")!.Result);
        Assert.Null(reader.Read("2 +++ killed by SIGKILL +++"));
    }

    [Fact]
    public void Read_Follows_A_Thread_That_Executes_A_Program()
    {
        var reader = new StraceReader();
        Assert.Null(reader.Read("5 execve(\"/w/tool\", [\"tool\"], 0x7 /* 2 vars */ <pid changed to 4 ...>"));
        Assert.Null(reader.Read("4 +++ superseded by execve in pid 5 +++"));
        var call = reader.Read("4 <... execve resumed>) = 0")!;
        Assert.Equal((4, "execve", "\"/w/tool\""), (call.Process, call.Name, call.Argument(0)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("x open(\"f\") = 0")]
    [InlineData("1 what is this")]
    [InlineData("1 open(\"f) = 0")]
    [InlineData("1 open(\"f\"")]
    [InlineData("1 open(3</w, 0) = 0")]
    [InlineData("1 <... open resumed>) = 0")]
    public void Read_Refuses_What_Is_No_Trace(string line) => Assert.Throws<TraceFormatException>(() => Read(line));

    private static SystemCall? Read(string line) => new StraceReader().Read(line);
}
