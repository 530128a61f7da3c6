using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Store.Tools;
using Cairn.Testing;

namespace Cairn.Tests.Store;

public sealed class ToolCachesTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 4, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly ToolCaches _caches;
    private readonly string _project;
    private readonly string _other;

    public ToolCachesTests()
    {
        _caches = new ToolCaches(_folder["store"]);
        _project = Directory.CreateDirectory(_folder["project"]).FullName;
        _other = Directory.CreateDirectory(_folder["other"]).FullName;
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Keeps_WhatAnEarlierStepLeft()
    {
        using (var lease = _caches.Open(Private("npm"), _project, Now))
        {
            File.WriteAllText(Path.Combine(lease.Directory, "package"), "x");
        }

        using var again = new ToolCaches(_folder["store"]).Open(Private("npm"), _project, Now.AddDays(1));
        Assert.Equal("x", File.ReadAllText(Path.Combine(again.Directory, "package")));
    }

    [Fact]
    public void Open_Separates_ProjectsAndNames_ButNotSharedOnes()
    {
        using var mine = _caches.Open(Private("npm"), _project, Now);
        using var theirs = _caches.Open(Private("npm"), _other, Now);
        using var sharedMine = _caches.Open(Shared("npm"), _project, Now);
        using var sharedTheirs = _caches.Open(Shared("npm"), _other, Now);
        using var another = _caches.Open(Shared("npm2"), _other, Now);
        Assert.Equal(4, new HashSet<string>([mine.Directory, theirs.Directory, sharedMine.Directory, sharedTheirs.Directory, another.Directory]).Count);
        Assert.Equal(sharedMine.Directory, sharedTheirs.Directory);
    }

    [Fact]
    public void OpenSandboxed_Separates_WhatSandboxedStepsUse()
    {
        using var plain = _caches.Open(Shared("npm"), _project, Now);
        using var sandboxed = _caches.OpenSandboxed(Shared("npm"), _project, owner: null, Now);
        using var theirs = _caches.OpenSandboxed(Shared("npm"), _other, owner: null, Now);
        using var alike = _caches.Open(Shared("npm+sandbox"), _project, Now);
        Assert.Equal(sandboxed.Directory, theirs.Directory);
        Assert.Equal(3, new HashSet<string>([plain.Directory, sandboxed.Directory, alike.Directory]).Count);
        Assert.Equal([("npm", false), ("npm", true), ("npm+sandbox", false)], _caches.List().Select(static c => (c.Name, c.Sandboxed)));
    }

    [Fact]
    public void Release_GivesUp_BothKinds()
    {
        _caches.Open(Shared("npm"), _project, Now).Dispose();
        _caches.OpenSandboxed(Shared("npm"), _project, owner: null, Now).Dispose();
        Assert.Equal(2, _caches.Release("npm", projectDirectory: null)?.Removed.Length);
        Assert.Empty(_caches.List());
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../x")]
    [InlineData("a/b")]
    [InlineData("removed-1")]
    [InlineData("x.lock")]
    [InlineData("two\nlines")]
    [InlineData("größe 🪨")]
    [InlineData("%2e")]
    public void Open_Takes_AnyName(string name)
    {
        using (var lease = _caches.Open(Shared(name), _project, Now))
        {
            Assert.Equal(Path.Combine(_folder["store"], "tools"), Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(lease.Directory)))));
        }

        Assert.Equal(name, Assert.Single(_caches.List()).Name);
        Assert.NotNull(_caches.Release(name, null));
        Assert.Empty(_caches.List());
    }

    [Fact]
    public void Open_Tells_NamesApart_ThatLookLikeCairnsOwn()
    {
        string[] names = ["x", "x.lock", "lock-x", "collected", "removed-x"];
        var leases = names.Select(name => _caches.Open(Shared(name), _project, Now)).ToList();
        leases.ForEach(lease => lease.Dispose());
        _caches.Collect(Now);
        Assert.Equal(names.Order(StringComparer.Ordinal), _caches.List().Select(info => info.Name));
    }

    [Fact]
    public void Open_Tells_LongNamesApart()
    {
        var start = new string('ä', 500);
        using var first = _caches.Open(Shared($"{start}1"), _project, Now);
        using var second = _caches.Open(Shared($"{start}2"), _project, Now);
        Assert.NotEqual(first.Directory, second.Directory);
    }

    [Fact]
    public void List_Shows_SizeOwnersAndUse()
    {
        _caches.Open(Shared("go"), _other, Now.AddHours(-1)).Dispose();
        using var lease = _caches.Open(Shared("go") with { QuotaBytes = 5000 }, _project, Now);
        Directory.CreateDirectory(Path.Combine(lease.Directory, "a/b"));
        File.WriteAllBytes(Path.Combine(lease.Directory, "a/b/c"), new byte[1234]);
        var info = Assert.Single(_caches.List());
        Assert.Equal(("go", true, 1234L, 1L, 5000L, true), (info.Name, info.Shared, info.SizeBytes, info.Files, info.QuotaBytes, info.InUse));
        Assert.Equal([new ToolCacheOwner(_project, Now), new ToolCacheOwner(_other, Now.AddHours(-1))], info.Owners);
        Assert.Equal(Now, info.LastUsed);
    }

    [Fact]
    public void Release_Removes_TheCacheWithItsLastOwner()
    {
        _caches.Open(Shared("go"), _project, Now).Dispose();
        _caches.Open(Shared("go"), _other, Now).Dispose();
        var first = _caches.Release("go", _project);
        Assert.Equal(1, first!.Owners);
        Assert.Empty(first.Removed);
        Assert.Equal(_other, Assert.Single(Assert.Single(_caches.List()).Owners).Project);
        Assert.Null(_caches.Release("go", _project));
        Assert.Equal("go", Assert.Single(_caches.Release("go", _other + "/")!.Removed).Name);
        Assert.Empty(_caches.List());
        Assert.Null(_caches.Release("go", null));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder["store"], "tools"), "*go*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Release_Waits_ForTheStepThatUsesIt()
    {
        using (var lease = _caches.Open(Private("npm"), _project, Now))
        {
            File.WriteAllText(Path.Combine(lease.Directory, "f"), "x");
            Assert.Equal(["npm"], _caches.Release("npm", null)!.InUse);
            Assert.True(File.Exists(Path.Combine(lease.Directory, "f")));
        }

        Assert.Empty(_caches.List());
    }

    [Fact]
    public void Dispose_CollectsAll_OnceADay()
    {
        _caches.Open(Private("gone"), _other, Now).Dispose();
        Directory.Delete(_other);
        _caches.Open(Private("npm"), _project, Now.AddHours(23)).Dispose();
        Assert.Equal(2, _caches.List().Length);
        _caches.Open(Private("npm"), _project, Now.AddHours(25)).Dispose();
        Assert.Equal("npm", Assert.Single(_caches.List()).Name);
        Assert.Null(_caches.CollectIfDue(Now.AddHours(26)));
        Assert.NotNull(_caches.CollectIfDue(Now.AddHours(50)));
    }

    [Fact]
    public void Collect_Removes_CachesOfNobody()
    {
        var caches = new ToolCaches(_folder["store"], new ToolCacheOptions { KeepUnused = TimeSpan.FromDays(7) });
        caches.Open(Private("gone"), _other, Now).Dispose();
        caches.Open(Private("old"), _project, Now.AddDays(-8)).Dispose();
        caches.Open(Private("kept"), _project, Now.AddDays(-6)).Dispose();
        Directory.Delete(_other);
        var removal = caches.Collect(Now);
        Assert.Equal(["gone", "old"], removal.Removed.Select(info => info.Name).Order(StringComparer.Ordinal));
        Assert.Equal(2, removal.Owners);
        Assert.Equal("kept", Assert.Single(caches.List()).Name);
    }

    [Fact]
    public void Collect_RemovesNothing_WhenTheClockWentBack()
    {
        _caches.Open(Private("npm"), _project, Now).Dispose();
        Assert.Empty(_caches.Collect(DateTimeOffset.UnixEpoch).Removed);
        Assert.Empty(_caches.Collect(Now.AddDays(29)).Removed);
        Assert.Single(_caches.Collect(Now.AddDays(31)).Removed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cairn-tool-cache-owner 1\n")]
    [InlineData("cairn-tool-cache-owner 1\n99999999999999999\n/project")]
    [InlineData("cairn-tool-cache-owner 1\n0\nrelative")]
    [InlineData("cairn-tool-cache-owner 2\n0\n/project")]
    public void Collect_Keeps_WhatADamagedOwnerHolds_UntilItIsOld(string content)
    {
        _caches.Open(Private("npm"), _project, Now).Dispose();
        var owner = Assert.Single(Directory.GetFiles(_folder["store"], "*", SearchOption.AllDirectories), path => path.Contains("/owners/", StringComparison.Ordinal));
        File.WriteAllText(owner, content);
        File.SetLastWriteTimeUtc(owner, Now.UtcDateTime);
        Assert.Empty(_caches.Collect(Now.AddDays(1)).Removed);
        Assert.Equal([new ToolCacheOwner(null, Now)], Assert.Single(_caches.List()).Owners);
        _caches.Open(Private("npm"), _project, Now.AddDays(2)).Dispose();
        Assert.Equal([new ToolCacheOwner(_project, Now.AddDays(2))], Assert.Single(_caches.List()).Owners);
        File.WriteAllText(owner, content);
        File.SetLastWriteTimeUtc(owner, Now.UtcDateTime);
        Assert.Single(_caches.Collect(Now.AddDays(31)).Removed);
    }

    [Fact]
    public void List_Names_ACacheByItsKey_WhereItsRecordIsDamaged()
    {
        using (var lease = _caches.Open(Shared("go"), _project, Now))
        {
            File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(lease.Directory)!, "cache"), [0xff, 0xfe]);
        }

        Assert.Equal(("shared-go", true), Assert.Single(_caches.List()) is var info ? (info.Name, info.Shared) : default);
        _caches.Open(Shared("go"), _project, Now).Dispose();
        Assert.Equal("go", Assert.Single(_caches.List()).Name);
    }

    [Fact]
    public void Dispose_RemovesLeastRecentlyUsedEntries_AboveTheQuota()
    {
        var use = Private("cc") with { QuotaBytes = 2500 };
        string folder;
        using (var lease = _caches.Open(use, _project, Now))
        {
            folder = lease.Directory;
            foreach (var (name, day) in new[] { ("old", 1), ("older", 0), ("new", 3), ("newer", 4) })
            {
                WriteOld(Path.Combine(folder, "wrapped", name, "file"), 1000, Now.AddDays(-10 + day));
            }

            // A second step: the first to end leaves all in place.
            _caches.Open(use, _project, Now).Dispose();
            Assert.Equal(4, Directory.GetDirectories(Path.Combine(folder, "wrapped")).Length);
        }

        Assert.Equal(["new", "newer"], Directory.GetDirectories(Path.Combine(folder, "wrapped")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Dispose_MeasuresByDefault_OnlyNowAndThen()
    {
        var caches = new ToolCaches(_folder["store"], new ToolCacheOptions { QuotaBytes = 10, MeasureInterval = TimeSpan.FromHours(1) });
        Assert.Equal(0, Fill(Now));
        Assert.Equal(100, Fill(Now.AddMinutes(30)));
        Assert.Equal(0, Fill(Now.AddMinutes(90)));
        Assert.Equal(100, Fill(Now.AddMinutes(100)));

        // A clock that went back does not keep it from being measured.
        Assert.Equal(0, Fill(Now.AddMinutes(-100)));
        Assert.Equal(100, Fill(Now.AddMinutes(-90)));
        Assert.Equal(100, caches.Collect(Now).TrimmedBytes);

        long Fill(DateTimeOffset now)
        {
            using (var lease = caches.Open(Private("cc"), _project, now))
            {
                File.WriteAllBytes(Path.Combine(lease.Directory, "file"), new byte[100]);
            }

            return Assert.Single(caches.List()).SizeBytes;
        }
    }

    [Fact]
    public void Dispose_Trims_NamesThatAreNotUtf8_AndFoldersThatMayNotBeWritten()
    {
        using (var lease = _caches.Open(Private("cc") with { QuotaBytes = 0 }, _project, Now))
        {
            var script = _folder.Write(
                "make.sh",
                $"""
                cd '{lease.Directory}' && bad=$(printf 'bad\\377') && mkdir -p locked/deep "$bad" && echo x > locked/deep/f && echo y > "$bad/$bad"
                chmod 555 locked/deep locked && ln -s / away
                """);
            Assert.Equal(0, Shell.Run(script));
        }

        var info = Assert.Single(_caches.List());
        Assert.Equal((0L, 0L), (info.SizeBytes, info.Files));
        Assert.True(Directory.Exists("/usr"));
    }

    [Fact]
    public void Collect_Removes_WhatAKilledRemovalLeft()
    {
        using var lease = _caches.Open(Private("npm"), _project, Now);
        var root = Path.GetDirectoryName(Path.GetDirectoryName(lease.Directory))!;
        Directory.CreateDirectory(Path.Combine(root, "removed-1-1-shared-x/files"));
        Assert.Single(_caches.List());
        Assert.Empty(_caches.Collect(Now).Removed);
        Assert.False(Directory.Exists(Path.Combine(root, "removed-1-1-shared-x")));
    }

    [Fact]
    public void Open_Throws_WhereTheStoreCannotBeWritten()
    {
        File.WriteAllText(_folder["file"], "");
        Assert.ThrowsAny<IOException>(() => new ToolCaches(_folder["file/store"]).Open(Private("npm"), _project, Now));
    }

    [Fact]
    public void Open_KeepsOtherUsersOut_OfAStoreThatTheyShare()
    {
        const UnixFileMode Everybody = (UnixFileMode)0x1ff;
        File.SetUnixFileMode(Directory.CreateDirectory(_folder["store"]).FullName, Everybody);
        _caches.Open(Private("npm"), _project, Now).Dispose();
        Assert.Equal(UnixFileMode.StickyBit | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite, File.GetUnixFileMode(_folder["store/tools"]) & (UnixFileMode)0x212);
        Assert.Equal((UnixFileMode)0x1c0, File.GetUnixFileMode(Assert.Single(Directory.GetDirectories(_folder["store/tools"]))));
    }

    [Fact]
    public async Task Open_Holds_AgainstReleaseAndCollect_FromManyThreads()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var failures = 0;
        var users = Enumerable.Range(0, 6).Select(user => Task.Run(() =>
        {
            var caches = new ToolCaches(_folder["store"]);
            for (var i = 0; i < 150; i++)
            {
                using var lease = caches.Open(Shared("go"), user % 2 == 0 ? _project : _other, Now);
                var path = Path.Combine(lease.Directory, $"{user}");
                File.WriteAllText(path, "x");
                failures += File.Exists(path) ? 0 : 1;
            }
        }, cancellationToken)).ToList();
        var remover = Task.Run(() =>
        {
            var caches = new ToolCaches(_folder["store"], new ToolCacheOptions { QuotaBytes = 2 });
            while (!users.TrueForAll(user => user.IsCompleted))
            {
                caches.Release("go", null);
                caches.Collect(Now);
                caches.List();
            }
        }, cancellationToken);
        await Task.WhenAll([.. users, remover]);
        Assert.Equal(0, failures);
        _caches.Release("go", null);
        _caches.Collect(Now);
        Assert.Empty(_caches.List());
        Assert.Empty(Directory.GetFileSystemEntries(Directory.GetDirectories(_folder["store/tools"]).Single() + "/local", "*go*"));
    }

    private static ToolCacheUse Private(string name) => new(name, $"~/.{name}", Shared: false, default(SourceSpan));

    private static ToolCacheUse Shared(string name) => new(name, $"~/.{name}", Shared: true, default(SourceSpan));

    private static void WriteOld(string path, int bytes, DateTimeOffset time)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, new byte[bytes]);
        File.SetLastWriteTimeUtc(path, time.UtcDateTime);
        File.SetLastAccessTimeUtc(path, time.UtcDateTime);
    }
}
