using System.Globalization;
using System.Text;

using Cairn.Store;
using Cairn.Store.Log;
using Cairn.Testing;
using Cairn.Tests.Actions;
using Cairn.Trust.Log;
using Cairn.Trust.Notes;

namespace Cairn.Tests.Log;

public sealed class LogFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_MakesTheLog_WithAGenesisEntry_AndASignedCheckpoint()
    {
        using var log = Open();
        Assert.False(log.Exists);
        Assert.Equal(LogProblem.Missing, Assert.Throws<LogException>(() => log.ReadCheckpoint()).Problem);
        using var key = TestSeal.Key(1);
        var (envelope, entry) = LogFormatTests.Attested(key);
        var appended = log.Append([entry], Cancellation);
        Assert.Equal([1], appended.Indexes);
        var (note, checkpoint) = log.ReadCheckpoint();
        Assert.Equal(appended.Note, note.ToBytes());
        Assert.Equal(2, checkpoint.Size);
        Assert.Matches("^[0-9a-f]{16}\\.cairn\\.local - [0-9]{19}$", checkpoint.Origin);
        var logKey = Assert.Single(log.Settings!.Keys).Key;
        Assert.Equal(NoteVerdict.Signed, logKey.Check(note));
        var genesis = Assert.IsType<LogMark.Genesis>(LogMark.TryRead(log.ReadLeaf(0, 2)));
        Assert.Equal((checkpoint.Origin, logKey), (genesis.Origin, genesis.Key));
        Assert.Equal(entry.Encode(), log.ReadLeaf(1, 2));
        var row = log.FindRow(1)!;
        Assert.Equal((entry.EnvelopeHash, envelope.PayloadHash, entry.Action, entry.Outputs), (row.Bundle, row.Attestation, row.Action, row.Outputs));
        Assert.Null(log.Prove(MerkleHash.Leaf("no leaf"u8)));
        Assert.Null(log.Prove(MerkleHash.Leaf(entry.Encode()))!.ProblemFor(MerkleHash.Leaf(entry.Encode()), checkpoint.Origin, logKey));
        AssertSound(log);
    }

    [Fact]
    public void Append_TakesEachEntryOnce_AlsoAcrossProcesses()
    {
        using (var log = Open())
        {
            Assert.Equal([1, 2, 1], log.AppendLeaves([Leaf(1), Leaf(2), Leaf(1)], Cancellation).Indexes);
        }

        using var again = Open();
        var appended = again.AppendLeaves([Leaf(2), Leaf(3), Leaf(1)], Cancellation);
        Assert.Equal([2, 3, 1], appended.Indexes);
        Assert.Equal(1, appended.Added);
        var before = again.ReadCheckpoint().Note.ToBytes();
        var none = again.AppendLeaves([Leaf(3)], Cancellation);
        Assert.Equal(0, none.Added);
        Assert.Equal(before, none.Note);
        AssertSound(again, 4);
    }

    [Fact]
    public void Append_InBatchesOfAnySize_GivesOneTree()
    {
        var tree = new MemoryTiles();
        using var log = Open();
        var next = 0;
        foreach (var count in (int[])[1, 1, 253, 1, 1, 300, 2, 700, 5_000, 1])
        {
            _ = log.AppendLeaves([.. Enumerable.Range(next, count).Select(Leaf)], Cancellation);
            next += count;
        }

        var size = next + 1;
        AssertSound(log, size);
        var checkpoint = log.ReadCheckpoint().Checkpoint;
        var expected = MemoryTiles.Of(Enumerable.Range(0, size).Select(i => i == 0 ? log.ReadLeaf(0, size) : Leaf(i - 1)));
        Assert.Equal(expected.Edge.Root(), MerkleHash.Read(checkpoint.Root.AsSpan()));
        Assert.Equal(size - 1, log.Find(MerkleHash.Leaf(Leaf(next - 1)), size));
        Assert.Null(log.Find(MerkleHash.Leaf(Leaf(next - 1)), size - 1));
        Assert.Null(log.Find(MerkleHash.Leaf(Leaf(next)), size));
        Assert.Empty(tree.Tiles);
    }

    [Fact]
    public void OldCheckpoints_AreServed_UntilTheirTilesAreFull()
    {
        using var log = Open();
        for (var i = 0; i < 40; i++)
        {
            _ = log.AppendLeaves([Leaf(i)], Cancellation);
        }

        Assert.Equal(41, Directory.GetFiles(_folder["log/tile/0/000.p"]).Length);
        Assert.Equal(41, Directory.GetFiles(_folder["log/tile/entries/000.p"]).Length);

        // Larger than a journal may be: partial tiles of which the full one is durable go.
        for (var i = 40; i < Limits.JournalRecordsMax + 40; i++)
        {
            _ = log.AppendLeaves([Leaf(i)], Cancellation);
        }

        Assert.False(Directory.Exists(_folder["log/tile/0/000.p"]));
        Assert.Equal(256 * MerkleHash.Bytes, new FileInfo(_folder["log/tile/0/000"]).Length);
        Assert.InRange(new FileInfo(_folder["log/journal"]).Length, 1, 200_000);
        Assert.Equal(MerkleHash.Leaf(Leaf(3)), new TileTree(log.Tiles, 200).Leaf(4));
        AssertSound(log, Limits.JournalRecordsMax + 41);
    }

    [Fact]
    public async Task Append_OfManyThreadsAndTwoProcesses_LosesAndRepeatsNothing()
    {
        using var first = Open();
        using var second = Open();
        var indexes = new System.Collections.Concurrent.ConcurrentBag<(int Leaf, long Index)>();
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Cancellation }, async (i, token) =>
        {
            // Each twice, in either of both.
            var appended = await (i % 3 == 0 ? first : second).AppendLeavesAsync([Leaf(i / 2), Leaf(1_000 + i)], token);
            indexes.Add((i / 2, appended.Indexes[0]));
            indexes.Add((1_000 + i, appended.Indexes[1]));
        });
        AssertSound(first, 601);
        foreach (var (leaf, index) in indexes)
        {
            Assert.Equal(Leaf(leaf), first.ReadLeaf(index, 601));
        }
    }

    [Fact]
    public async Task Append_GivesUp_WhereOthersDoNotCease_OrNobodyWaits()
    {
        using var log = Open();
        log.Create(null, Cancellation);
        using var held = Cairn.Store.Files.FileLock.TryAcquire(_folder["log/lock"], "a test");
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        // No thread of the pool has to have taken it up by then: what was given up is not appended with what comes after it.
        var waiting = log.AppendLeavesAsync([Leaf(1)], source.Token);
        Assert.False(waiting.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held!.Dispose();
        _ = await log.AppendLeavesAsync([Leaf(2)], Cancellation);
        AssertSound(log, 2);
    }

    [Fact]
    public async Task Append_LeavesOut_WhatWasGivenUp_AndTakesWhatCameBesideIt()
    {
        using var log = Open();
        log.Create(null, Cancellation);
        var held = Cairn.Store.Files.FileLock.TryAcquire(_folder["log/lock"], "a test");
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await source.CancelAsync();
        var first = log.AppendLeavesAsync([Leaf(1)], Cancellation);
        var givenUp = log.AppendLeavesAsync([Leaf(2)], source.Token);
        var last = log.AppendLeavesAsync([Leaf(3)], Cancellation);
        held!.Dispose();
        var answers = await Task.WhenAll(first, last);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Assert.Equal([1, 2], answers.SelectMany(a => a.Indexes).Order());
        AssertSound(log, 3);
    }

    [Fact]
    public void Fsck_FindsEachDamage_AndSaysWhatCanBeMended()
    {
        using var log = Open();
        _ = log.AppendLeaves([.. Enumerable.Range(0, 600).Select(Leaf)], Cancellation);
        foreach (var (file, at, isMendable) in ((string, int, bool)[])[("tile/0/000", 40, false), ("tile/0/002.p/89", 5, false), ("tile/entries/001", 700, false), ("tile/1/000.p/2", 1, false), ("checkpoint", 40, false), ("index/000000000", 500, true), ("leaves", 10, true)])
        {
            var path = _folder[$"log/{file}"];
            var good = File.ReadAllBytes(path);
            byte[] bad = [.. good];
            bad[at] ^= 0x20;
            File.WriteAllBytes(path, bad);
            var report = Check();
            Assert.True(report.Findings.Length > 0, file);
            Assert.True(report.Findings.All(f => f.IsMendable == isMendable), string.Join('\n', report.Findings));
            if (isMendable)
            {
                using var mender = Open();
                mender.Rebuild(Cancellation);
            }
            else
            {
                File.WriteAllBytes(path, good);
            }

            AssertSound(log, 601);
        }

        File.Delete(_folder["log/tile/entries/001"]);
        Assert.Equal("`tile/entries/001` of the log is missing", Assert.Single(Check().Findings).Message);
    }

    [Fact]
    public void Fsck_EndsWithATableThatHasNoFreeSlot_AndMissesItsLeaves()
    {
        using var log = Open();
        _ = log.AppendLeaves([.. Enumerable.Range(0, 300).Select(Leaf)], Cancellation);
        var table = _folder["log/leaves"];
        var bytes = File.ReadAllBytes(table);
        bytes.AsSpan(64).Fill(0xff);
        File.WriteAllBytes(table, bytes);
        var findings = Check().Findings;
        Assert.Equal(Math.Min(301, Limits.FindingsMax), findings.Length);
        Assert.All(findings, static f => Assert.Equal(("leaves", true), (f.Path, f.IsMendable)));
    }

    [Fact]
    public void AWriter_DoesNotGoOnFromADamagedLog()
    {
        using (var log = Open())
        {
            _ = log.AppendLeaves([Leaf(1), Leaf(2)], Cancellation);
        }

        var tile = _folder["log/tile/0/000.p/3"];
        var bytes = File.ReadAllBytes(tile);
        bytes[70] ^= 1;
        File.WriteAllBytes(tile, bytes);
        using var again = Open();
        var exception = Assert.Throws<LogException>(() => again.AppendLeaves([Leaf(3)], Cancellation));
        Assert.Equal(LogProblem.Corrupt, exception.Problem);
        Assert.Equal(3, again.ReadCheckpoint().Checkpoint.Size);
    }

    [Fact]
    public void AWriter_WithoutTheKey_AppendsNothing()
    {
        using (var log = Open())
        {
            _ = log.AppendLeaves([Leaf(1)], Cancellation);
        }

        File.Delete(_folder["keys/log/ed25519"]);
        using var again = Open();
        Assert.Equal(LogProblem.KeyMissing, Assert.Throws<LogException>(() => again.AppendLeaves([Leaf(3)], Cancellation)).Problem);
        Assert.Equal(2, again.ReadCheckpoint().Checkpoint.Size);
    }

    [Fact]
    public void TryPublish_TakesCosignatures_OfTheNewestCheckpointOnly()
    {
        using var log = Open();
        _ = log.AppendLeaves([Leaf(1)], Cancellation);
        using var witness = TestSeal.Key(9);
        var old = log.ReadCheckpoint().Note;
        var cosigned = old.With(NoteSigner.OfCosigner("witness.example", witness).Sign(old.Text, TestSeal.Now));
        Assert.True(log.TryPublish(cosigned, Cancellation));
        Assert.Equal(2, log.ReadCheckpoint().Note.Signatures.Length);
        using (var other = Open())
        {
            _ = other.AppendLeaves([Leaf(2)], Cancellation);
        }

        Assert.False(log.TryPublish(cosigned, Cancellation));
        _ = log.AppendLeaves([Leaf(3)], Cancellation);
        AssertSound(log, 4);
    }

    [Fact]
    public void Search_FindsRowsByEachHash_TheNewestFirst()
    {
        using var key = TestSeal.Key(1);
        using var other = TestSeal.Key(2);
        var (_, entry) = LogFormatTests.Attested(key);
        var (_, second) = LogFormatTests.Attested(other);
        using var log = Open();
        _ = log.Append([entry], Cancellation);
        _ = log.AppendLeaves([.. Enumerable.Range(0, 5_000).Select(Leaf)], Cancellation);
        _ = log.Append([second], Cancellation);
        Assert.Equal([5_002L, 1], log.Search(LogColumn.Action, entry.Action!, 5_003).Select(static r => r.Sequence));
        Assert.Equal([5_002L, 1], log.Search(LogColumn.Attestation, entry.PayloadHash[..9], 5_003).Select(static r => r.Sequence));
        Assert.Equal([1L], log.Search(LogColumn.Bundle, entry.EnvelopeHash, 5_003).Select(static r => r.Sequence));
        Assert.Equal([1L], log.Search(LogColumn.Outputs, entry.Outputs![..8], 100).Select(static r => r.Sequence));
        Assert.Empty(log.Search(LogColumn.Outputs, new string('0', 64), 5_003));
    }

    internal static byte[] Leaf(int number) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"leaf {number}, {new string('x', number % 90)}"));

    private LogFolder Open() => LogFolder.Open(_folder["log"], new LogKeys(_folder["keys/log"]), TimeProvider.System);

    private LogReport Check() => LogFsck.Check(_folder["log"], [], isCopy: false, Cancellation);

    private void AssertSound(LogFolder log, long? size = null)
    {
        var report = Check();
        Assert.True(report.Findings.IsEmpty, string.Join('\n', report.Findings));
        Assert.Equal(size ?? log.ReadCheckpoint().Checkpoint.Size, report.Checkpoint!.Size);
        Assert.Equal(0, report.Pending);
    }
}
