using Cairn.Core.Tracing;
using Cairn.Testing;

namespace Cairn.Tests.Tracing;

public sealed class TraceObserverTests
{
    private const string Odd = "src/\"é <x>\ny\\z.txt";

    /// <summary>What strace wrote of a script that copies, moves, links, changes folders in two subshells at once and names files oddly; only the machine's own files are left out.</summary>
    [Fact]
    public void Observe_Understands_A_Real_Trace()
    {
        var lines = File.ReadAllLines(Path.Combine(SourceTree.Root, "testdata", "traces", "files.strace"), System.Text.Encoding.Latin1);
        var files = Files("src/a.c", "src/b.c", "src/a.h", "src/sub/s.c", "lib/l.txt", Odd, "tracked", "unused");
        files["link"] = "lib/l.txt";
        files["dir"] = "src";
        var uses = TraceObserver.Observe(() => lines, "/work", "/work", files);
        Assert.Equal(["lib/l.txt", Odd, "src/a.c", "src/a.h", "src/b.c", "src/sub/s.c"], uses.Read.Where(files.ContainsKey).Order(StringComparer.Ordinal));
        Assert.Equal(["dir", "link", "src/sub/s.c", "tracked"], uses.Seen.Where(files.ContainsKey).Order(StringComparer.Ordinal));
        Assert.Equal(["src"], uses.Listed);
        Assert.Equal(["src"], uses.Moved);
        Assert.Superset(new HashSet<string> { "nothing", "src/gone.h" }, uses.Missing);
        Assert.DoesNotContain("tmp.c", uses.Missing);
        Assert.Equal(["again", "kept.txt", "log", "moved/a.c", "moved/a.h", "moved/b.c", "moved/sub/s.c", "newer/deep/x"], uses.Made.Where(static p => !p.Contains('"', StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.True(uses.Processes > 15, $"{uses.Processes} processes");
    }

    [Fact]
    public void Observe_Knows_Folders_Of_Children_Before_Their_Births_Are_Shown()
    {
        var uses = Observe(
            "1 chdir(\"a\") = 0",
            "1 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
            "2 open(\"x\", O_RDONLY) = 3",
            "1 <... clone resumed>) = 2",
            "1 chdir(\"/work/b\") = 0",
            "2 open(\"y\", O_RDONLY) = 3",
            "1 open(\"z\", O_RDONLY) = 3");
        Assert.Equal(["a/x", "a/y", "b/z"], uses.Read.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Observe_Lets_Threads_Share_A_Folder()
    {
        var uses = Observe(
            "1 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, exit_signal=0} => {parent_tid=[2]}, 88) = 2",
            "2 chdir(\"a\") = 0",
            "1 open(\"x\", O_RDONLY) = 3",
            "1 fchdir(4</work/b>) = 0",
            "2 stat(\"y\", {st_mode=S_IFREG}) = 0");
        Assert.Equal(["a/x"], uses.Read);
        Assert.Equal(["b/y"], uses.Seen);
    }

    [Fact]
    public void Observe_Takes_Folders_From_Descriptors()
    {
        var uses = Observe(
            "1 openat(5</work/a>, \"../b/x\", O_RDONLY) = 6</work/b/x>",
            "1 openat(AT_FDCWD</work/a>, \"y\", O_RDONLY) = 6</work/a/y>",
            "1 access(\"z\", F_OK) = 0",
            "1 openat(5</elsewhere>, \"w\", O_RDONLY) = 6</elsewhere/w>",
            "1 openat(AT_FDCWD</work>, \"/workshop/w\", O_RDONLY) = 6</workshop/w>");
        Assert.Equal(["a/y", "b/x"], uses.Read.Order(StringComparer.Ordinal));
        Assert.Equal(["a/z"], uses.Seen);
    }

    [Theory]
    [InlineData("O_WRONLY|O_CREAT|O_TRUNC", false, true)]
    [InlineData("O_RDWR|O_CREAT|O_TRUNC", false, true)]
    [InlineData("O_RDWR", true, true)]
    [InlineData("O_WRONLY|O_APPEND", true, true)]
    [InlineData("O_RDONLY|O_CREAT", true, false)]
    [InlineData("O_RDONLY", true, false)]
    [InlineData("O_RDWR|O_TMPFILE", false, false)]
    public void Observe_Tells_Reading_From_Writing(string flags, bool isRead, bool isMade)
    {
        var uses = Observe($"1 openat(AT_FDCWD</work>, \"src/a.c\", {flags}, 0666) = 3</work/src/a.c>");
        Assert.Equal((isRead, isMade), (uses.Read.Contains("src/a.c"), uses.Made.Contains("src/a.c")));
    }

    [Fact]
    public void Observe_Does_Not_Count_What_The_Step_Made()
    {
        var uses = Observe(
            "1 creat(\"t\", 0644) = 3</work/t>",
            "1 open(\"t\", O_RDONLY) = 3</work/t>",
            "1 execve(\"./t\", [\"t\"], 0x0) = 0",
            "1 rename(\"t\", \"u\") = 0",
            "1 open(\"u\", O_RDWR) = 3</work/u>",
            "1 open(\"t\", O_RDONLY) = -1 ENOENT (No such file or directory)",
            "1 link(\"u\", \"v\") = 0",
            "1 unlink(\"u\") = 0",
            "1 execve(\"tool\", [\"tool\"], 0x0) = 0");
        Assert.Equal(["tool"], uses.Read);
        Assert.Equal(["v"], uses.Made);
        Assert.Empty(uses.Missing);
        Assert.Empty(uses.Seen);
    }

    [Fact]
    public void Observe_Follows_Links_That_The_Step_Makes()
    {
        var uses = Observe(
            "1 symlink(\"../src\", \"a/to\") = 0",
            "1 stat(\"a/to/a.c\", {st_mode=S_IFREG}) = 0",
            "1 lstat(\"a/to\", {st_mode=S_IFLNK}) = 0",
            "1 stat(\"loop\", 0x0) = -1 ELOOP (Too many levels of symbolic links)",
            "1 stat(\"loop/../src/b.c\", {st_mode=S_IFREG}) = 0");
        Assert.Equal(["loop", "src/a.c"], uses.Seen.Where(static p => p is "loop" or "src/a.c" or "a/to").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Observe_Moves_Folders_And_Exchanges_Files()
    {
        var uses = Observe(
            "1 openat(AT_FDCWD</work>, \"n/x\", O_WRONLY|O_CREAT, 0644) = 3</work/n/x>",
            "1 renameat2(AT_FDCWD</work>, \"n\", AT_FDCWD</work>, \"m\", 0) = 0",
            "1 openat(AT_FDCWD</work>, \"e\", O_WRONLY|O_CREAT, 0644) = 3</work/e>",
            "1 renameat2(AT_FDCWD</work>, \"e\", AT_FDCWD</work>, \"src/a.c\", RENAME_EXCHANGE) = 0",
            "1 open(\"src/a.c\", O_RDONLY) = 3</work/src/a.c>",
            "1 open(\"m/x\", O_RDONLY) = 3</work/m/x>");
        Assert.Equal(["e", "m/x", "src/a.c"], uses.Made.Order(StringComparer.Ordinal));
        Assert.Contains("src/a.c", uses.Moved);
        Assert.Empty(uses.Read);
    }

    private static FileUses Observe(params string[] lines)
    {
        var files = Files("src/a.c", "src/b.c", "tool");
        files["loop"] = "loop";
        return TraceObserver.Observe(() => lines, "/work", "/work", files);
    }

    private static Dictionary<string, string?> Files(params string[] names) => names.ToDictionary(static n => n, static _ => (string?)null, StringComparer.Ordinal);
}
