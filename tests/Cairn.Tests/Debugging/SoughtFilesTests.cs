using System.Text;

using Cairn.Engine.Isolation;

namespace Cairn.Tests.Debugging;

public sealed class SoughtFilesTests
{
    [Theory]
    [InlineData("\e[01m\e[Kmain.c:1:10:\e[m\e[K \e[01;31m\e[Kfatal error: \e[m\e[Kconfig.h: No such file or directory", "config.h")]
    [InlineData("cat: ‘a b/c.txt’: No such file or directory", "b/c.txt")]
    [InlineData("FileNotFoundError: [Errno 2] No such file or directory: '/work/data/x.json'", "/work/data/x.json")]
    [InlineData("make: *** No rule to make target 'parts/one.o', needed by 'all'.  Stop.", "parts/one.o")]
    [InlineData("Error: ENOENT: no such file or directory, open 'package.json'", "package.json")]
    public void InLog_Finds_What_Is_Complained_Of(string line, string word) =>
        Assert.Contains(SoughtFiles.InLog(Encoding.UTF8.GetBytes(line)), w => w.IsComplaint && w.Text == word);

    [Fact]
    public void InLog_Knows_Modules_Of_Python() =>
        Assert.Contains(SoughtFiles.InLog("ModuleNotFoundError: No module named 'tools.helper'"u8), static w => w is { IsModule: true, Text: "tools.helper" });

    [Fact]
    public void InCommand_Leaves_Comments_And_Options_Out()
    {
        var words = SoughtFiles.InCommand(["sh", "-c", "# see notes.txt\ntest -f config.ini || exit 1"]).ConvertAll(static w => w.Text);
        Assert.Contains("config.ini", words);
        Assert.DoesNotContain("notes.txt", words);
        Assert.DoesNotContain("-f", words);
    }

    [Theory]
    [InlineData("/work/a/b", "", "a/b")]
    [InlineData("./b", "a", "a/b")]
    [InlineData("../c/", "a", "c")]
    [InlineData("../../etc/passwd", "a", null)]
    [InlineData("/etc/passwd", "", null)]
    public void ToPath_Stays_In_The_Project(string word, string folder, string? path) => Assert.Equal(path, SoughtFiles.ToPath(word, folder));
}
