using System.Buffers.Binary;

using Cairn.Store.Log;
using Cairn.Testing;
using Cairn.Trust.Log;

namespace Cairn.Tests.Log;

/// <summary>What a log was left as by a full disk, a lost file, somebody's hand.</summary>
public sealed class LogMendingTests : IDisposable
{
    private const int JournalBootAt = 24;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ARecordThatWasCutOff_AsTheFirstOfItsJournal_HidesNoneThatFollows()
    {
        using (var log = Open())
        {
            log.Create(null, Cancellation);
            log.Rebuild(Cancellation);
        }

        // The disk was full in the middle of a record.
        using (var journal = new FileStream(_folder["log/journal"], FileMode.Append))
        {
            journal.Write([0, 0, 2, 0, .. new byte[90]]);
        }

        using (var log = Open())
        {
            Assert.Equal([1], log.AppendLeaves([LogFolderTests.Leaf(1)], Cancellation).Indexes);
        }

        StartMachineAnew();
        using var again = Open();
        Assert.Equal([1, 2], again.AppendLeaves([LogFolderTests.Leaf(1), LogFolderTests.Leaf(2)], Cancellation).Indexes);
        AssertSound(3);
    }

    [Fact]
    public void ADamagedLog_IsRefusedEachTime_AndGoesOnWhenItIsMended()
    {
        using (var log = Open())
        {
            _ = log.AppendLeaves([LogFolderTests.Leaf(1), LogFolderTests.Leaf(2)], Cancellation);
        }

        var tile = _folder["log/tile/0/000.p/3"];
        var good = File.ReadAllBytes(tile);
        byte[] bad = [.. good];
        bad[70] ^= 1;
        File.WriteAllBytes(tile, bad);
        using var again = Open();
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(LogProblem.Corrupt, Assert.Throws<LogException>(() => again.AppendLeaves([LogFolderTests.Leaf(3)], Cancellation)).Problem);
        }

        Assert.Equal(3, again.ReadCheckpoint().Checkpoint.Size);
        File.WriteAllBytes(tile, good);
        Assert.Equal([3], again.AppendLeaves([LogFolderTests.Leaf(3)], Cancellation).Indexes);
        AssertSound(4);
    }

    [Fact]
    public void ACopyOfThePublicFiles_IsNotGoneOnWith_UnderAnotherName()
    {
        using (var log = Open())
        {
            _ = log.AppendLeaves([LogFolderTests.Leaf(1)], Cancellation);
        }

        File.Delete(_folder["log/log.json"]);
        var before = File.ReadAllBytes(_folder["log/checkpoint"]);
        using var again = Open();
        var exception = Assert.Throws<LogException>(() => again.AppendLeaves([LogFolderTests.Leaf(2)], Cancellation));
        Assert.Equal(LogProblem.Corrupt, exception.Problem);
        Assert.Contains("`log.json`", exception.Suggestion, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder["log/checkpoint"]));
    }

    [Fact]
    public void Rebuild_MendsRows_WhateverTimeTheySay()
    {
        using var log = Open();
        _ = log.AppendLeaves([LogFolderTests.Leaf(1)], Cancellation);
        var index = _folder["log/index/000000000"];
        var rows = File.ReadAllBytes(index);
        BinaryPrimitives.WriteInt64BigEndian(rows.AsSpan(^sizeof(long)), long.MaxValue);
        rows[LogIndex.RowBytes + 3] ^= 1;
        File.WriteAllBytes(index, rows);
        Assert.True(Assert.Single(Check().Findings).IsMendable);
        log.Rebuild(Cancellation);
        Assert.Equal(DateTimeOffset.UnixEpoch, log.FindRow(1)!.Time);
        AssertSound(2);
    }

    [Fact]
    public void ASuccession_ThatWasCutOff_IsFinished_AndNobodyBeginsAThirdLogMeanwhile()
    {
        using var log = Open();
        _ = log.AppendLeaves([LogFolderTests.Leaf(1)], Cancellation);
        var (ended, kept) = LogSuccession.Run(log, null, TimeProvider.System, Cancellation);
        var successor = log.Settings!.Origin;

        // Killed when the old log was out of its place, and the new one not in it yet.
        Directory.Move(_folder["log"], _folder["log.next"]);
        using var run = Open();
        var exception = Assert.Throws<LogException>(() => run.AppendLeaves([LogFolderTests.Leaf(2)], Cancellation));
        Assert.Contains("`cairn log freeze --successor`", exception.Suggestion, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["log"]));
        Assert.Equal((ended, kept), LogSuccession.Run(run, null, TimeProvider.System, Cancellation));
        Assert.Equal([1], run.AppendLeaves([LogFolderTests.Leaf(2)], Cancellation).Indexes);
        Assert.Equal(successor, run.ReadCheckpoint().Checkpoint.Origin);
    }

    [Fact]
    public void Export_GoesOn_AndWritesAnew_WhatALossOfPowerLeftEmpty()
    {
        using var log = Open();
        _ = log.AppendLeaves([.. Enumerable.Range(0, 300).Select(LogFolderTests.Leaf)], Cancellation);
        Assert.Equal((301, 5), LogExport.Copy(log, _folder["copy"], Cancellation));
        File.WriteAllBytes(_folder["copy/tile/0/000"], []);
        File.WriteAllBytes(_folder["copy/tile/entries/000"], []);
        _ = log.AppendLeaves([LogFolderTests.Leaf(300)], Cancellation);
        Assert.Equal((302, 4), LogExport.Copy(log, _folder["copy"], Cancellation));
        var keys = log.Settings!.Keys.Select(static k => k.Key);
        Assert.Empty(LogFsck.Check(_folder["copy"], [.. keys], isCopy: true, Cancellation).Findings);
    }

    [Fact]
    public void Export_LeavesAFolderAlone_ThatHasAnotherLog_OrMoreOfThisOne()
    {
        using var log = Open();
        _ = log.AppendLeaves([LogFolderTests.Leaf(1)], Cancellation);
        _ = LogExport.Copy(log, _folder["copy"], Cancellation);
        var before = File.ReadAllBytes(_folder["copy/checkpoint"]);
        using var other = LogFolder.Open(_folder["other"], new LogKeys(_folder["keys/other"]), TimeProvider.System);
        other.Create(null, Cancellation);
        Assert.Contains("Name another folder", Assert.Throws<LogException>(() => LogExport.Copy(other, _folder["copy"], Cancellation)).Suggestion, StringComparison.Ordinal);

        // The same log, put back from an older copy, which went on otherwise.
        using (var older = LogFolder.Open(_folder["older"], new LogKeys(_folder["keys/log"]), TimeProvider.System))
        {
            Directory.CreateDirectory(_folder["older"]);
            File.Copy(_folder["log/log.json"], _folder["older/log.json"]);
            _ = older.AppendLeaves([LogFolderTests.Leaf(7), LogFolderTests.Leaf(8)], Cancellation);
            Assert.Equal(LogProblem.Corrupt, Assert.Throws<LogException>(() => LogExport.Copy(older, _folder["copy"], Cancellation)).Problem);
        }

        Assert.Equal(before, File.ReadAllBytes(_folder["copy/checkpoint"]));
    }

    [Fact]
    public void ATable_WithoutAnEmptySlot_IsDamaged_AndEndsNoSearchNever()
    {
        using var log = Open();
        _ = log.AppendLeaves([LogFolderTests.Leaf(1)], Cancellation);
        var table = File.ReadAllBytes(_folder["log/leaves"]);
        table.AsSpan(64).Fill(0x77);
        File.WriteAllBytes(_folder["log/leaves"], table);
        Assert.Contains("--repair", Assert.Throws<LogException>(() => log.Find(MerkleHash.Leaf(LogFolderTests.Leaf(2)), 2)).Suggestion, StringComparison.Ordinal);
        log.Rebuild(Cancellation);
        Assert.Equal(1, log.Find(MerkleHash.Leaf(LogFolderTests.Leaf(1)), 2));
    }

    private void StartMachineAnew()
    {
        var journal = File.ReadAllBytes(_folder["log/journal"]);
        Guid.NewGuid().TryWriteBytes(journal.AsSpan(JournalBootAt));
        File.WriteAllBytes(_folder["log/journal"], journal);
    }

    private LogFolder Open() => LogFolder.Open(_folder["log"], new LogKeys(_folder["keys/log"]), TimeProvider.System);

    private LogReport Check() => LogFsck.Check(_folder["log"], [], isCopy: false, Cancellation);

    private void AssertSound(long size)
    {
        var report = Check();
        Assert.True(report.Findings.IsEmpty, string.Join('\n', report.Findings));
        Assert.Equal((size, 0), (report.Checkpoint!.Size, report.Pending));
    }
}
