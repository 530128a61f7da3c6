using System.Runtime.InteropServices;

using Cairn.Core.Content;
using Cairn.Core.Diagnostics;
using Cairn.Store;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;
using Cairn.Testing;

namespace Cairn.Tests.Snapshots;

public sealed class SourceProblemsTests : IDisposable
{
    private static readonly SnapshotRequest All = new() { All = true };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Take_Tells_OfEverythingThatCannotBeAnInput_AtOnce()
    {
        await Sh(@"printf x >""$(printf 'bad\377name')""; mkdir ""$(printf 'dir\376')""; printf x >""$(printf 'dir\376')/file""; ln -s ""$(printf 'to\375')"" link; mkfifo pipe; printf x >good");
        var snapshot = Take(All);
        Assert.Equal(["good"], snapshot.Entries.Select(e => e.Path));
        Assert.Equal(
            [
                (DiagnosticCodes.SourceNameNotUtf8, DiagnosticSeverity.Error, @"The name of `bad\xffname` is not UTF-8, so that it cannot be an input"),
                (DiagnosticCodes.SourceNameNotUtf8, DiagnosticSeverity.Error, @"The name of `dir\xfe` is not UTF-8, so that it cannot be an input"),
                (DiagnosticCodes.SourceTargetNotUtf8, DiagnosticSeverity.Error, "The link `link` leads to a name that is not UTF-8, so that it cannot be an input"),
                (DiagnosticCodes.SourceSpecialFile, DiagnosticSeverity.Warning, "`pipe` is a FIFO, a socket or a device and is left out of the inputs"),
            ],
            snapshot.Diagnostics.Select(d => (d.Code, d.Severity, d.Message)));
        Assert.All(snapshot.Diagnostics, d => Assert.NotNull(d.Suggestion));
        Assert.Equal((DiagnosticCodes.SourceSpecialFile, DiagnosticSeverity.Error), Assert.Single(Take(new() { Literals = ["pipe"] }).Diagnostics) is var d ? (d.Code, d.Severity) : default);
    }

    [Fact]
    public async Task Take_Says_Nothing_OfWhatIsNoInput()
    {
        await Sh(@"mkdir sub; printf x >""$(printf 'sub/bad\377.tmp')""; mkfifo sub/pipe.tmp; printf '*.tmp\n' >.cairnignore; printf x >sub/good");
        var snapshot = Take(All);
        Assert.Empty(snapshot.Diagnostics);
        Assert.Equal([".cairnignore", "sub/good"], snapshot.Entries.Select(e => e.Path));
        Assert.Empty(Take(new() { Globs = [PathPatterns.Parse("sub/g*")] }).Diagnostics);
    }

    [Fact]
    public void Take_Tells_OfFoldersTooDeepAndPathsTooLong()
    {
        var deep = string.Join('/', Enumerable.Repeat("d", Limits.SourceDepthMax + 5));
        var far = string.Join('/', Enumerable.Repeat(new string('l', 250), 17));
        using (var root = DirectoryHandle.Open(_folder.Path))
        {
            using var made = root.TryCreatePath(deep);
            using var alsoMade = root.TryCreatePath(far);
        }

        _folder.Write("file", "x");
        var snapshot = Take(All);
        Assert.Equal(["file"], snapshot.Entries.Select(e => e.Path));
        Assert.Equal([DiagnosticCodes.SourceTooDeep, DiagnosticCodes.SourcePathTooLong], snapshot.Diagnostics.Select(d => d.Code));
        Assert.Contains("is more than 256 folders deep", snapshot.Diagnostics[0].Message, StringComparison.Ordinal);
        Assert.Contains("has more than 4,095 bytes", snapshot.Diagnostics[1].Message, StringComparison.Ordinal);
        Assert.Equal(DiagnosticCodes.SourcePathTooLong, Assert.Single(Take(new() { Literals = [new string('n', 300)] }).Diagnostics).Code);
    }

    [Fact]
    public void Take_Tells_OfWhatMayNotBeRead()
    {
        foreach (var path in (string[])["closed/file", "secret", "sub/.gitignore", "sub/file"])
        {
            _folder.Write(path, "x");
        }

        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1ed);
        File.SetUnixFileMode(_folder["closed"], UnixFileMode.None);
        File.SetUnixFileMode(_folder["secret"], UnixFileMode.None);
        File.SetUnixFileMode(_folder["sub/.gitignore"], UnixFileMode.None);
        var snapshot = AsOrdinaryUser(() => Take(All));
        Assert.Equal(["sub/file"], snapshot.Entries.Select(e => e.Path));
        Assert.Equal(
            [
                (DiagnosticCodes.SourceUnreadable, "Cannot read the folder `closed`: Permission denied"),
                (DiagnosticCodes.SourceUnreadable, "Cannot read the input `secret`: Permission denied"),
                (DiagnosticCodes.SourceUnreadable, "Cannot read the input `sub/.gitignore`: Permission denied"),
            ],
            snapshot.Diagnostics.Where(d => d.Code != DiagnosticCodes.IgnoreFileUnusable).Select(d => (d.Code, d.Message)));
        Assert.Contains(snapshot.Diagnostics, d => d.Code == DiagnosticCodes.IgnoreFileUnusable);
        File.SetUnixFileMode(_folder["closed"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
    // What such a file holds never agrees with the size that its stat tells, as with a file that grows between the two looks at it.
    [Fact]
    public void Take_Tells_OfAFileThatNeverHoldsStill()
    {
        using var root = DirectoryHandle.Open("/proc/sys/kernel");
        var index = StatIndex.Load("/nonexistent/index");
        var snapshot = SourceSnapshot.Take(root, new() { Literals = ["ostype"] }, index, TestContext.Current.CancellationToken);

        Assert.Empty(snapshot.Entries);
        var problem = Assert.Single(snapshot.Diagnostics);
        Assert.Equal((DiagnosticCodes.SourceChanging, DiagnosticSeverity.Error), (problem.Code, problem.Severity));
        Assert.Contains("`ostype`", problem.Message, StringComparison.Ordinal);
        Assert.NotNull(problem.Suggestion);
    }

    [Fact]
    public async Task Take_Keeps_OnlySoManyProblems()
    {
        await Sh($"i=0; while [ $i -lt {Limits.SourceDiagnosticsMax + 20} ]; do mkfifo p$i; i=$((i+1)); done");
        Assert.Equal(Limits.SourceDiagnosticsMax, Take(All).Diagnostics.Length);
    }

    [Fact]
    public void Take_Refuses_TooLongIgnoreFiles()
    {
        _folder.Write(".gitignore", new string('#', Limits.IgnoreFileBytesMax + 1));
        Assert.Equal("The ignore rules in `.gitignore` cannot be used: it has more than 4 MiB", Assert.Single(Take(All).Diagnostics).Message);
    }

    [Fact]
    public void Take_Sees_TheClockGoBack()
    {
        using var state = new TemporaryFolder();
        _folder.Write("file", "one");
        var clock = new ShiftedTime(TimeSpan.FromHours(-1));

        // Files of the future are hashed each time, until the clock has passed them.
        Assert.Equal([1, 1], [Hashed(), Hashed()]);
        clock.Shift = TimeSpan.FromMinutes(1);
        Assert.Equal([1, 0], [Hashed(), Hashed()]);

        // A future mtime is nothing but a number: the ctime tells of every change.
        File.SetLastWriteTimeUtc(_folder["file"], DateTime.UnixEpoch.AddYears(150));
        Assert.Equal([1, 0], [Hashed(), Hashed()]);
        File.WriteAllText(_folder["file"], "two");
        File.SetLastWriteTimeUtc(_folder["file"], DateTime.UnixEpoch.AddYears(150));
        Assert.Equal([1, 0], [Hashed(), Hashed()]);

        int Hashed()
        {
            var index = StatIndex.Load(state["index"], clock);
            using var root = DirectoryHandle.Open(_folder.Path);
            var snapshot = SourceSnapshot.Take(root, All, index, TestContext.Current.CancellationToken);
            Assert.Equal(Digest.Of(File.ReadAllBytes(_folder["file"])), Assert.Single(snapshot.Entries).Digest);
            index.Save(state["index"]);
            return snapshot.HashedFiles;
        }
    }

    private SourceSnapshot Take(SnapshotRequest request)
    {
        using var root = DirectoryHandle.Open(_folder.Path);
        return SourceSnapshot.Take(root, request, StatIndex.Load("/nonexistent/index"), TestContext.Current.CancellationToken);
    }

    private async Task Sh(string script)
    {
        var result = await new Tool("bash", "-c", script) { Folder = _folder.Path }.RunAsync(TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.ToString());
    }

    /// <summary>Root may read everything, so a thread of its own asks the kernel to look at files as somebody else.</summary>
    private static T AsOrdinaryUser<T>(Func<T> action)
    {
        T result = default!;
        var thread = new Thread(() =>
        {
            if (Environment.IsPrivilegedProcess)
            {
                Assert.Equal(0, SetFileUser(65534));
            }

            result = action();
        });
        thread.Start();
        thread.Join();
        return result;
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetFileUser(uint user);
}
