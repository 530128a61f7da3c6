using System.Text;

using Cairn.Core.Content;
using Cairn.Store.Content;
using Cairn.Store.Files;
using Cairn.Testing;

using FsCheck;
using FsCheck.Fluent;

namespace Cairn.Tests.Store;

public sealed class ContentStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ContentStore _store;

    public ContentStoreTests() => _store = ContentStore.Open(_folder["store"]);

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData((1 << 20) - 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData((4 << 20) + 3)]
    [InlineData((9 << 20) + 1)]
    public void EveryWayIn_GivesTheSameBlob_AndEveryWayOutTheSameBytes(int length)
    {
        foreach (var content in (byte[][])[Noise(length), Text(length)])
        {
            var expected = Digest.Of(content);
            Assert.Equal(length == 0, _store.Contains(expected));

            using (var source = _folder.OpenFile("source", content))
            {
                Assert.Equal(expected, _store.PutFile(source, -1, out var added));
                Assert.Equal(length > 0, added);
                Assert.Equal(expected, _store.PutFile(source));
            }

            Assert.Equal(expected, _store.Put(content));
            Assert.True(_store.Contains(expected));
            Assert.Equal(content, _store.TryRead(expected, int.MaxValue));
            using (var stream = _store.TryOpen(expected)!)
            {
                Assert.Equal(length, stream.Length);
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                Assert.Equal(content, copy.ToArray());
            }

            Assert.True(_store.TryRestore(expected, Target(), "restored", executable: false));
            Assert.Equal(content, File.ReadAllBytes(_folder["out/restored"]));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder["store/tmp"]));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["store/quarantine"]));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public void TryOpen_GivesAStreamThatClosesItsFileOnce(int length)
    {
        var stream = _store.TryOpen(_store.Put(new byte[length]))!;
        stream.Dispose();

        // These have the descriptor's number now, whoever else opens files meanwhile.
        var others = Enumerable.Range(0, 64).Select(_ => File.OpenHandle("/dev/zero")).ToArray();
        stream.Dispose();

        Assert.All(others, static other => Assert.Equal(1, RandomAccess.Read(other, new byte[1], 0)));
        Array.ForEach(others, static other => other.Dispose());
    }

    [Fact]
    public void Put_StoresEachBlobOnce_ReadOnly()
    {
        var digest = _store.Put("hello"u8);
        _ = _store.Put("hello"u8);
        var path = Assert.Single(Directory.GetFiles(_folder["store/cas"], "*", SearchOption.AllDirectories));
        Assert.Equal(PathOf(digest), path);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & (UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite));
    }

    [Fact]
    public void Contains_LooksAtTheSize()
    {
        var digest = _store.Put("hello"u8);
        Assert.True(_store.Contains(digest));
        Assert.False(_store.Contains(Sized(digest, 6)));
        Assert.Null(_store.TryRead(Sized(digest, 6), 100));

        // Who asked was wrong, not the blob.
        Assert.Equal("hello"u8.ToArray(), _store.TryRead(digest, 100));
    }

    [Fact]
    public void TryRead_RefusesWhatIsLargerThanAllowed() => Assert.Null(_store.TryRead(_store.Put("hello"u8), 4));

    [Fact]
    public void TryRestore_SetsTheMode_AndReplaces()
    {
        var digest = _store.Put("#!/bin/sh\n"u8);
        var folder = Target();
        _folder.Write("out/tool", "older");
        Assert.True(_store.TryRestore(digest, folder, "tool", executable: true));
        Assert.Equal("#!/bin/sh\n", _folder.Read("out/tool"));
        Assert.NotEqual(UnixFileMode.None, File.GetUnixFileMode(_folder["out/tool"]) & UnixFileMode.UserExecute);
        Assert.True(_store.TryRestore(digest, folder, "tool", executable: false));
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(_folder["out/tool"]) & UnixFileMode.UserExecute);
        Assert.Equal([_folder["out/tool"]], Directory.GetFileSystemEntries(_folder["out"]));
    }

    [Fact]
    public void TryRestore_IntoANameOf255Bytes_AndNoneBeyond()
    {
        var digest = _store.Put("x"u8);
        Assert.True(_store.TryRestore(digest, Target(), new string('n', 255), executable: false));
        Assert.Throws<IOException>(() => _store.TryRestore(digest, Target(), new string('n', 256), executable: false));
        Assert.Throws<ArgumentException>(() => _store.TryRestore(digest, Target(), "../x", executable: false));
    }

    [Fact]
    public void TryRestore_OverAFolder_FailsAndLeavesNothing()
    {
        var digest = _store.Put("x"u8);
        _folder.Write("out/taken/file", "");
        Assert.Throws<IOException>(() => _store.TryRestore(digest, Target(), "taken", executable: false));
        Assert.Equal([_folder["out/taken"]], Directory.GetFileSystemEntries(_folder["out"]));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(200_000)]
    [InlineData(3_000_000)]
    [InlineData(6_000_000)]
    public void ABitFlip_IsNeverServed_AndIsSetAside(int length)
    {
        foreach (var content in (byte[][])[Noise(length), Text(length)])
        {
            foreach (var way in (Func<Digest, bool>[])[d => _store.TryRead(d, int.MaxValue) is not null, d => _store.TryRestore(d, Target(), "x", executable: false), ReadsAsStream])
            {
                var digest = _store.Put(content);
                Damage(FileOf(digest), (ref byte[] bytes) => bytes[bytes.Length / 2] ^= 0x10);
                Assert.False(way(digest));
                Assert.False(_store.Contains(digest));
                Assert.False(_folder.Exists("out/x"));
                Assert.NotEmpty(Directory.GetFiles(_folder["store/quarantine"]));

                // What makes it again mends it.
                Assert.Equal(digest, _store.Put(content));
                Assert.Equal(content, _store.TryRead(digest, int.MaxValue));
            }
        }
    }

    [Fact]
    public void ATruncatedBlob_IsMissing_AndIsReplaced()
    {
        foreach (var content in (byte[][])[Noise(50_000), Text(500_000)])
        {
            var digest = _store.Put(content);
            Damage(FileOf(digest), (ref byte[] bytes) => Array.Resize(ref bytes, bytes.Length / 2));
            Assert.Null(_store.TryRead(digest, int.MaxValue));
            _ = _store.Put(content);
            Assert.Equal(content, _store.TryRead(digest, int.MaxValue));
        }
    }

    [Fact]
    public void ABomb_IsReadNoFurtherThanTheDigestSays()
    {
        // The right size is claimed and 64 MiB of zeros stand there.
        var digest = _store.Put(Text(100_000));
        var bomb = _store.Put(new byte[64 << 20]);
        File.Move(FileOf(bomb), FileOf(digest), overwrite: true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(_store.TryRead(digest, int.MaxValue));
        Assert.False(_store.TryRestore(digest, Target(), "x", executable: false));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Fact]
    public void Compressible_Blobs_AreStoredCompressed_AndOthersAsTheyAre()
    {
        var text = _store.Put(Text(300_000));
        var noise = _store.Put(Noise(300_000));
        Assert.EndsWith(".zst", FileOf(text), StringComparison.Ordinal);
        Assert.InRange(new FileInfo(FileOf(text)).Length, 1, 100_000);
        Assert.Equal(300_000, new FileInfo(FileOf(noise)).Length);
    }

    [Fact]
    public void NoiseAfterACompressibleStart_IsStoredAsItIs()
    {
        byte[] content = [.. Text(70_000), .. Noise(3_000_000)];
        using var source = _folder.OpenFile("source", content);
        var digest = _store.PutFile(source);
        Assert.Equal(content.Length, new FileInfo(FileOf(digest)).Length);
        Assert.Equal(content, _store.TryRead(digest, int.MaxValue));
    }

    [Fact]
    public void MarksOfUse_AreSetOncePerHour_AndFromTheFutureSetRight()
    {
        var time = new SettableTime(TimeProvider.System.GetUtcNow());
        using var store = ContentStore.Open(_folder["store"], time);
        var digest = store.Put("hello"u8);
        var path = FileOf(digest);
        var first = File.GetLastWriteTimeUtc(path);
        Assert.True(store.Contains(digest));
        Assert.Equal(first, File.GetLastWriteTimeUtc(path));

        time.Now += TimeSpan.FromHours(3);
        Assert.True(store.Contains(digest));
        Assert.Equal(time.Now.ToUnixTimeSeconds(), new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeSeconds());

        // The clock went back a year.
        time.Now -= TimeSpan.FromDays(365);
        Assert.NotNull(store.TryRead(digest, 100));
        Assert.Equal(time.Now.ToUnixTimeSeconds(), new DateTimeOffset(File.GetLastWriteTimeUtc(path)).ToUnixTimeSeconds());
    }

    [Fact]
    public void Open_RefusesANewerStore_AndSaysWhatToDo()
    {
        _folder.Write("newer/store.json", """{"format": 7, "cairn": "3.1.0", "other": [1, {"format": 1}]}""");
        var exception = Assert.Throws<StoreException>(() => ContentStore.Open(_folder["newer"]));
        Assert.Equal(
            $"The store `{_folder["newer"]}` has format 7, and this cairn reads 1. Use cairn 3.1.0 or newer, or give this one a folder of its own: `cairn config set --user cache.directory DIR`",
            exception.Message);
        Assert.Equal(["store.json"], Directory.GetFileSystemEntries(_folder["newer"]).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"format\":")]
    [InlineData("{\"format\":\"1\"}")]
    [InlineData("\0\0\0\0")]
    public void Open_RefusesADamagedVersion_AndWorksOnceItIsRemoved(string text)
    {
        var digest = _store.Put("hello"u8);
        _folder.Write("store/store.json", text);
        Assert.Contains("Remove it", Assert.Throws<StoreException>(() => ContentStore.Open(_folder["store"])).Message, StringComparison.Ordinal);
        File.Delete(_folder["store/store.json"]);
        using var again = ContentStore.Open(_folder["store"]);
        Assert.True(again.Contains(digest));
    }

    [Fact]
    public void Open_OfWhatIsNoFolder_SaysSo()
    {
        _folder.Write("file", "");
        Assert.Contains(_folder["file"], Assert.Throws<StoreException>(() => ContentStore.Open(_folder["file"])).Message, StringComparison.Ordinal);
        Assert.Throws<StoreException>(() => ContentStore.Open(_folder["file/below"]));
    }

    [Fact]
    public void ManyThreads_StoreAndReadTheSameBlobs()
    {
        var contents = Enumerable.Range(0, 200).Select(i => i % 20 == 0 ? Text(80_000 + i) : Noise(i * 7)).ToArray();
        Parallel.For(0, 4_000, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, i =>
        {
            using var own = i % 500 == 0 ? ContentStore.Open(_folder["store"]) : null;
            var store = own ?? _store;
            var content = contents[i % contents.Length];
            var digest = store.Put(content);
            Assert.True(store.Contains(digest));
            Assert.Equal(content, store.TryRead(digest, int.MaxValue));
            Assert.True(store.TryRestore(digest, Target(), $"f{i % 50}", executable: false));
        });
        Assert.Empty(Directory.GetFileSystemEntries(_folder["store/quarantine"]));

        // Where it took its time, a nursery stands there for as long as the store is open.
        _store.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_folder["store/tmp"]));
    }

    [Fact]
    public void AnySequence_OfPutsAndDamage_NeverServesWrongBytes() => Prop.ForAll(
        Gen.Choose(0, 5).SelectMany(blob => Gen.Choose(0, 4).Select(deed => (Blob: blob, Deed: deed))).ListOf().ToArbitrary(),
        deeds =>
        {
            foreach (var (blob, deed) in deeds)
            {
                var content = blob % 2 == 0 ? Text((70_000 * blob) + 1) : Noise((300 * blob) + 1);
                var digest = Digest.Of(content);
                switch (deed)
                {
                    case 0:
                        Assert.Equal(digest, _store.Put(content));
                        break;
                    case 1 when _store.Contains(digest):
                        Damage(FileOf(digest), (ref byte[] bytes) => bytes[^1] ^= 1);
                        break;
                    case 2 when _store.Contains(digest):
                        Damage(FileOf(digest), (ref byte[] bytes) => bytes.AsSpan(0, bytes.Length / 3).Clear());
                        break;
                    default:
                        var read = _store.TryRead(digest, int.MaxValue);
                        Assert.True(read is null || read.AsSpan().SequenceEqual(content));
                        Assert.Equal(read is not null, _store.TryRestore(digest, Target(), "x", executable: false));
                        break;
                }
            }
        }).QuickCheckThrowOnFailure();

    private static Digest Sized(Digest digest, long size)
    {
        var hash = new byte[Digest.HashBytes];
        digest.CopyHashTo(hash);
        return new Digest(hash, size);
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Text(int length)
    {
        var text = new StringBuilder();
        for (var i = 0; text.Length < length; i++)
        {
            text.Append("line ").Append(i).Append(": compiled src/file_").Append(i % 97).Append(".c\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    private static void Damage(string path, BytesAction change)
    {
        var bytes = File.ReadAllBytes(path);
        change(ref bytes);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(path, bytes);
    }

    private delegate void BytesAction(ref byte[] bytes);

    private bool ReadsAsStream(Digest digest)
    {
        using var stream = _store.TryOpen(digest);
        if (stream is null)
        {
            return false;
        }

        try
        {
            stream.CopyTo(Stream.Null);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private string PathOf(Digest digest) => _folder[$"store/cas/{digest.Hash[..2]}/{digest.Hash}"];

    private string FileOf(Digest digest) => File.Exists(PathOf(digest)) ? PathOf(digest) : PathOf(digest) + ".zst";

    private DirectoryHandle Target()
    {
        Directory.CreateDirectory(_folder["out"]);
        return DirectoryHandle.Open(_folder["out"]);
    }
}
