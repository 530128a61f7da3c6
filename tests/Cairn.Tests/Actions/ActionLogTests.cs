using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Store.Actions;
using Cairn.Testing;

namespace Cairn.Tests.Actions;

public sealed class ActionLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder["actions"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_KeepsAllThatAnActionRefersTo()
    {
        var (action, tree) = Action(1);
        using (var log = ActionLog.Open(LogPath))
        {
            Assert.Null(log.TryRead(action.Digest));
            Assert.True(log.Append(action, tree));
            Assert.False(log.Append(action, tree));
            AssertHolds(log, action, tree);
            Assert.False(File.Exists(LogPath));
            log.Flush();
            AssertHolds(log, action, tree);
            Assert.False(log.Append(action, tree));
        }

        using var again = ActionLog.Open(LogPath);
        AssertHolds(again, action, tree);
        Assert.Equal(Sample.Description.Arguments.AsEnumerable(), ActionDecoder.TryDecode(action.Digest, again.TryRead, out _)?.Arguments.AsEnumerable());
        var size = new FileInfo(LogPath).Length;
        Assert.False(again.Append(action, tree));
        again.Flush();
        Assert.Equal(size, new FileInfo(LogPath).Length);

        var (second, larger) = Action(1, ("new/file", Digest.Of("new"u8)));
        Assert.True(again.Append(second, larger));
        again.Flush();
        AssertHolds(again, action, tree);
        AssertHolds(again, second, larger);
        // A root, a folder and the action: the rest was there. The folder `new` has one file of a known size.
        var folder = MerkleTree.Of([new("file", new(Digest.Of("new"u8), false))]);
        Assert.Equal(size + larger.Digest.SizeBytes + folder.Digest.SizeBytes + second.Action.Length + (3 * 44), new FileInfo(LogPath).Length);
    }

    [Fact]
    public void WhatWasNotFlushed_IsLost_AndNothingElse()
    {
        var (first, tree) = Action(1);
        using (var log = ActionLog.Open(LogPath))
        {
            log.Append(first, tree);
            log.Flush();
            log.Append(Action(2).Action, tree);
        }

        using var again = ActionLog.Open(LogPath);
        AssertHolds(again, first, tree);
        Assert.False(again.Contains(Action(2).Action.Digest));
    }

    [Fact]
    public void AFileCutAnywhere_GivesWhatIsWhole_AndGrowsAgain()
    {
        var (first, tree) = Action(1);
        var (second, other) = Action(2, ("a/b/c", Digest.Of("c"u8)));
        int boundary;
        using (var log = ActionLog.Open(LogPath))
        {
            log.Append(first, tree);
            log.Flush();
            boundary = (int)new FileInfo(LogPath).Length;
            log.Append(second, other);
            log.Flush();
        }

        var whole = File.ReadAllBytes(LogPath);
        for (var length = 0; length <= whole.Length; length += length < 30 ? 1 : 29)
        {
            foreach (var garbage in (int[])[0, 5, 400])
            {
                File.WriteAllBytes(LogPath, [.. whole[..length], .. new byte[garbage]]);
                using var log = ActionLog.Open(LogPath);
                if (length >= boundary)
                {
                    AssertHolds(log, first, tree);
                }

                // What is there refers to nothing that is not.
                foreach (var action in (EncodedAction[])[first, second])
                {
                    if (log.Contains(action.Digest))
                    {
                        AssertHolds(log, action, action == first ? tree : other);
                    }
                }

                log.Append(first, tree);
                log.Append(second, other);
                log.Flush();
                using var again = ActionLog.Open(LogPath);
                AssertHolds(again, first, tree);
                AssertHolds(again, second, other);
            }
        }
    }

    [Fact]
    public void AFlippedBit_LosesOneBlobAtMostInContent_AndNeverGivesAWrongOne()
    {
        var (action, tree) = Action(1);
        using (var log = ActionLog.Open(LogPath))
        {
            log.Append(action, tree);
            log.Flush();
        }

        var whole = File.ReadAllBytes(LogPath);
        for (var at = 0; at < whole.Length; at += 3)
        {
            whole[at] ^= 0x10;
            File.WriteAllBytes(LogPath, whole);
            using (var log = ActionLog.Open(LogPath))
            {
                log.Append(action, tree);
                log.Flush();
                tree.Visit(_ => false, (digest, bytes) => Assert.True(log.TryRead(digest) is not { } read || read.AsSpan().SequenceEqual(bytes.AsSpan())));
            }

            whole[at] ^= 0x10;
        }
    }

    [Fact]
    public void Compact_KeepsWhatTheGivenActionsReferTo()
    {
        var (first, tree) = Action(1);
        var (second, other) = Action(2, ("a/b/c", Digest.Of("c"u8)), ("only/here/x", Digest.Of("x"u8)));
        using var log = ActionLog.Open(LogPath);
        log.Append(first, tree);
        log.Append(second, other);
        log.Flush();
        var before = new FileInfo(LogPath).Length;
        Assert.False(log.IsCompactionDue);
        log.Compact([first.Digest, second.Digest, Digest.Of("unknown"u8)]);
        Assert.Equal(before, new FileInfo(LogPath).Length);
        log.Compact([first.Digest]);
        Assert.True(new FileInfo(LogPath).Length < before);
        AssertHolds(log, first, tree);
        Assert.False(log.Contains(second.Digest));
        Assert.False(log.Contains(other.Digest));
        Assert.True(log.Append(second, other));
        log.Flush();
        using (var again = ActionLog.Open(LogPath))
        {
            AssertHolds(again, first, tree);
            AssertHolds(again, second, other);
        }

        log.Compact([]);
        Assert.Empty(Directory.GetFiles(_folder.Path));
        Assert.False(log.Contains(first.Digest));
    }

    [Fact]
    public void IsCompactionDue_WhenItHasMoreThanDoubled()
    {
        using var log = ActionLog.Open(LogPath);
        var script = new string('x', 1 << 20);
        for (var i = 0; i < 8; i++)
        {
            Assert.False(log.IsCompactionDue);
            log.Append(ActionEncoder.Encode(Sample.Description with { InputRoot = Digest.Empty, Arguments = [$"{script}{i}"] }), MerkleTree.Empty);
            log.Flush();
        }

        Assert.True(log.IsCompactionDue);
    }

    [Fact]
    public void AForeignFile_BeginsAnew()
    {
        File.WriteAllText(LogPath, "cairn actions 9\nsomething that a later version wrote");
        var (action, tree) = Action(1);
        using var log = ActionLog.Open(LogPath);
        Assert.False(log.Contains(action.Digest));
        log.Append(action, tree);
        log.Flush();
        using var again = ActionLog.Open(LogPath);
        AssertHolds(again, action, tree);
    }

    [Fact]
    public void AFolderThatIsNotThere_IsAnIoException_AndNothingIsHeld()
    {
        using var log = ActionLog.Open(_folder["missing/actions"]);
        var (action, tree) = Action(1);
        log.Append(action, tree);
        Assert.ThrowsAny<IOException>(log.Flush);
        Assert.False(log.Contains(action.Digest));
        log.Flush();
    }

    private static (EncodedAction Action, MerkleTree Tree) Action(int number, params (string Path, Digest Digest)[] more)
    {
        var tree = MerkleTree.Of([
            new("src/main.c", new(Digest.Of("main"u8), false)), new("src/lib/a.c", new(Digest.Of("a"u8), false)), new("Makefile", new(Digest.Of("make"u8), true)),
            .. more.Select(m => new KeyValuePair<string, TreeLeaf>(m.Path, new(m.Digest, false))),
        ]);
        return (ActionEncoder.Encode(Sample.Description with { InputRoot = tree.Digest, WorkingDirectory = $"w{(number == 1 ? "" : "2")}" }), tree);
    }

    private static void AssertHolds(ActionLog log, EncodedAction action, MerkleTree tree)
    {
        Assert.True(log.Contains(action.Digest));
        Assert.Equal(action.Action.AsEnumerable(), log.TryRead(action.Digest)?.AsEnumerable());
        Assert.Equal(action.Command.AsEnumerable(), log.TryRead(action.CommandDigest)?.AsEnumerable());
        tree.Visit(_ => false, (digest, bytes) => Assert.Equal(bytes.AsEnumerable(), log.TryRead(digest)?.AsEnumerable()));
    }
}
