using Cairn.Core.Content;
using Cairn.Store;
using Cairn.Store.Files;
using Cairn.Store.Snapshots;
using Cairn.Testing;

namespace Cairn.Tests.Snapshots;

public sealed class StatIndexTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private const long Now = 1_800_000_000 * Second;

    private static readonly Digest Content = Digest.Of("content"u8);
    private static readonly FileStat Old = new(FileKind.Regular, Executable: false, 7, Now - (60 * Second) + 1, Now - (60 * Second) + 1, 42);

    private readonly TemporaryFolder _folder = new();

    private string IndexPath => _folder["index"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TryGet_Knows_WhatWasSaved()
    {
        var index = StatIndex.Load(IndexPath);
        for (var i = 0; i < 1_000; i++)
        {
            index.Set($"dir/näme {i}\n", Old with { Inode = (ulong)i }, Digest.Of([(byte)i, (byte)(i >> 8), 0, 0, 0, 0, 0]), Now);
        }

        index.Save(IndexPath);
        index = StatIndex.Load(IndexPath);
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(index.TryGet($"dir/näme {i}\n", Old with { Inode = (ulong)i }, out var digest));
            Assert.Equal(Digest.Of([(byte)i, (byte)(i >> 8), 0, 0, 0, 0, 0]), digest);
        }

        Assert.False(index.TryGet("dir/näme 1", Old with { Inode = 1 }, out _));
    }

    [Fact]
    public void TryGet_Distrusts_AFileWhoseStatDiffersInAnything()
    {
        var index = StatIndex.Load(IndexPath);
        index.Set("file", Old, Content, Now);
        FileStat[] others =
        [
            Old with { Executable = true }, Old with { SizeBytes = 8 }, Old with { ModifiedNs = Old.ModifiedNs + 1 }, Old with { ChangedNs = Old.ChangedNs - 1 }, Old with { Inode = 43 },
            Old with { Kind = FileKind.Symlink },
        ];
        for (var round = 0; round < 2; round++)
        {
            Assert.True(index.TryGet("file", Old, out var digest));
            Assert.Equal(Content, digest);
            Assert.All(others, other => Assert.False(index.TryGet("file", other, out _)));
            index.Save(IndexPath);
            index = StatIndex.Load(IndexPath);
        }
    }

    [Theory]
    [InlineData(-60 * Second, -60 * Second, false)]
    [InlineData(0, 0, true)]
    [InlineData(-19_000_000, -19_000_000, true)]
    [InlineData(-21_000_001, -21_000_001, false)]
    [InlineData(-60 * Second, -10_000_000, true)] // The content is newer than its mtime says.
    [InlineData(-10_000_000, -60 * Second, true)] // A file system without a ctime of its own.
    [InlineData(3600 * Second, -60 * Second, false)] // An mtime from `touch -d`, long ago: any change moves the ctime.
    [InlineData(3600 * Second, -1, true)]
    [InlineData(3600 * Second, 3600 * Second, true)] // Written before the clock went back.
    public void IsRacy_Asks_WhetherALaterChangeCouldLeaveTheSameTimes(long modified, long changed, bool racy) =>
        Assert.Equal(racy, StatIndex.IsRacy(Old with { ModifiedNs = Now + modified + 7, ChangedNs = Now + changed + 7 }, Now));

    [Fact]
    public void IsRacy_Allows_ForFileSystemsThatCountInSeconds()
    {
        Assert.True(StatIndex.IsRacy(Old with { ModifiedNs = Now - Second, ChangedNs = Now - Second }, Now));
        Assert.False(StatIndex.IsRacy(Old with { ModifiedNs = Now - (3 * Second), ChangedNs = Now - (3 * Second) }, Now));
    }

    [Fact]
    public void TryGet_Distrusts_ARacyFile_UntilItWasHashedOnceMore()
    {
        var fresh = Old with { ModifiedNs = Now - 5, ChangedNs = Now - 5 };
        var index = StatIndex.Load(IndexPath);
        index.Set("file", fresh, Content, Now);
        Assert.False(index.TryGet("file", fresh, out _));
        index.Save(IndexPath);
        index = StatIndex.Load(IndexPath);
        Assert.False(index.TryGet("file", fresh, out _));
        index.Set("file", fresh, Content, Now + Second);
        Assert.True(index.TryGet("file", fresh, out _));
    }

    /// <summary>A file system whose clock ticks every 10 ms and is now and then set forth or back, and a file that changes without changing its size.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TryGet_Never_GivesTheDigestOfEarlierContent(int seed)
    {
        const long Tick = 10_000_000;
        var random = new Random(seed);
        var index = StatIndex.Load(IndexPath);
        var (clock, lattice, version, trusted) = (Now, 3L, 0, 0);
        var stat = Old;
        for (var step = 0; step < 50_000; step++)
        {
            clock += random.Next(4) == 0 ? random.NextInt64(3 * Tick) : random.NextInt64(Tick / 4);
            switch (random.Next(12))
            {
                case < 4:
                    Write();
                    break;
                case 4:
                    stat = stat with { ModifiedNs = clock + random.NextInt64(-Second, Second), ChangedNs = Coarse() };
                    break;
                case 5 when random.Next(20) == 0:
                    var jump = random.NextInt64(-2 * Second, 2 * Second);
                    (clock, lattice) = (clock + jump, lattice + jump);
                    break;
                default:
                    var stated = clock;
                    var before = stat;
                    if (index.TryGet("file", before, out var known))
                    {
                        Assert.Equal(DigestOf(version), known);
                        trusted++;
                        break;
                    }

                    var read = DigestOf(version);
                    clock += random.NextInt64(Tick / 8);
                    if (random.Next(3) == 0)
                    {
                        // Right behind the reader, in the same tick perhaps.
                        Write();
                    }

                    if (stat == before)
                    {
                        index.Set("file", before, read, stated);
                    }

                    break;
            }
        }

        Assert.InRange(trusted, 500, int.MaxValue);

        long Coarse() => clock - (((clock - lattice) % Tick) + Tick) % Tick;

        void Write() => (version, stat) = (version + 1, stat with { ModifiedNs = Coarse(), ChangedNs = Coarse() });

        static Digest DigestOf(int version)
        {
            var hash = new byte[Digest.HashBytes];
            BitConverter.TryWriteBytes(hash, version);
            return new Digest(hash, Old.SizeBytes);
        }
    }

    [Fact]
    public void Load_Takes_ADamagedFileForEmpty()
    {
        var index = StatIndex.Load(IndexPath);
        index.Set("file", Old, Content, Now);
        index.Set("other", Old, Content, Now);
        index.Save(IndexPath);
        var good = File.ReadAllBytes(IndexPath);
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(IndexPath, bad);
            Assert.False(StatIndex.Load(IndexPath).TryGet("file", Old, out _), $"byte {i}");
            File.WriteAllBytes(IndexPath, good[..i]);
            Assert.False(StatIndex.Load(IndexPath).TryGet("file", Old, out _), $"length {i}");
        }

        File.WriteAllBytes(IndexPath, [.. good, 0]);
        Assert.False(StatIndex.Load(IndexPath).TryGet("file", Old, out _));
        File.WriteAllBytes(IndexPath, good);
        Assert.True(StatIndex.Load(IndexPath).TryGet("file", Old, out _));
    }

    [Fact]
    public void Load_Takes_AFolderForEmpty() => Assert.False(StatIndex.Load(_folder.Path).TryGet("file", Old, out _));

    [Fact]
    public void Save_Writes_OnlyWhatChanged()
    {
        StatIndex.Load(IndexPath).Save(IndexPath);
        Assert.False(File.Exists(IndexPath));
        var index = StatIndex.Load(IndexPath);
        index.Set("file", Old, Content, Now);
        index.Save(IndexPath);
        using var folder = DirectoryHandle.Open(_folder.Path);
        var before = folder.TryStat("index");
        index = StatIndex.Load(IndexPath);
        Assert.True(index.TryGet("file", Old, out _));
        index.Save(IndexPath);
        Assert.Equal(before, folder.TryStat("index"));
        Assert.Equal(["index"], folder.List().Select(e => e.Name));
    }

    [Fact]
    public void Save_Forgets_WhatNobodyAsksFor()
    {
        var index = StatIndex.Load(IndexPath);
        index.Set("idle", Old, Content, Now);
        index.Set("asked", Old, Content, Now);
        index.Save(IndexPath);
        for (var i = 0; i <= Limits.StatIndexIdleSavesMax; i++)
        {
            index = StatIndex.Load(IndexPath);
            index.TryGet("asked", Old, out _);
            index.Set("new", Old with { Inode = (ulong)i }, Content, Now);
            index.Save(IndexPath);
        }

        index = StatIndex.Load(IndexPath);
        Assert.True(index.TryGet("asked", Old, out _));
        Assert.False(index.TryGet("idle", Old, out _));
    }

    [Fact]
    public void Set_Refuses_ADigestOfAnotherSize()
    {
        var index = StatIndex.Load(IndexPath);
        Assert.Throws<ArgumentException>(() => index.Set("file", Old with { SizeBytes = 8 }, Content, Now));
    }
}
