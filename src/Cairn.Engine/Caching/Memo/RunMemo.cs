using System.Collections.Immutable;
using System.Security.Cryptography;

using Cairn.Core.Actions;
using Cairn.Core.Content;
using Cairn.Core.Protobuf;
using Cairn.Store.Files;

namespace Cairn.Engine.Caching.Memo;

/// <summary>A job as the memo knows it.</summary>
/// <param name="Index">Its index in the plan.</param>
/// <param name="Outputs">The digest of the tree of its outputs.</param>
/// <param name="Result">An encoded <see cref="ActionResult"/>.</param>
/// <param name="Attestation">The payload hash of its attestation.</param>
internal readonly record struct MemoJob(int Index, Digest Outputs, ImmutableArray<byte> Result, string Attestation);

/// <summary>A source file as the memo knows it.</summary>
internal readonly record struct MemoSource(string Path, Digest Digest, bool Executable, string? Target);

/// <summary>A file of the pipeline.</summary>
internal readonly record struct MemoFile(string Path, Digest Digest);

/// <summary>
/// How the last run of a pipeline stood: its compiled plan, what its sources were, and what its jobs made. What has not changed since needs neither parsing
/// nor look-ups. Bound by a MAC whose key stands outside the project and the store; a memo that does not verify is none.
/// </summary>
internal sealed record RunMemo
{
    private const int MacBytes = HMACSHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Magic => "cairn-memo 1\n"u8;

    /// <summary>What the plan depends on besides its files.</summary>
    public required string PlanKey { get; init; }

    /// <summary>The pipeline's files.</summary>
    public ImmutableArray<MemoFile> Files { get; init; } = [];

    /// <summary>The fingerprint of what planning read of git and the run; empty where it read nothing of them.</summary>
    public byte[] PlanReads { get; init; } = [];

    /// <summary>The compiled plan.</summary>
    public ReadOnlyMemory<byte> Plan { get; init; }

    /// <summary>What actions depend on besides plan and inputs: the machine, the caller's settings, the store.</summary>
    public required string ActionKey { get; init; }

    /// <summary>The snapshot, in its order.</summary>
    public MemoSource[] Sources { get; init; } = [];

    /// <summary>The digest of the tree of <see cref="Sources"/>; null in a memo of an earlier version.</summary>
    public Digest? SourceTree { get; init; }

    /// <summary>The jobs that succeeded and whose actions are a function of plan and inputs.</summary>
    public MemoJob[] Jobs { get; init; } = [];

    /// <summary>Reads a memo; null where there is none that verifies.</summary>
    public static RunMemo? TryLoad(string path, ReadOnlySpan<byte> key)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (IOException)
        {
            return null;
        }

        if (content.Length < Magic.Length + MacBytes || !content.AsSpan().StartsWith(Magic))
        {
            return null;
        }

        Span<byte> mac = stackalloc byte[MacBytes];
        HMACSHA256.HashData(key, content.AsSpan(0, content.Length - MacBytes), mac);
        return CryptographicOperations.FixedTimeEquals(mac, content.AsSpan(content.Length - MacBytes))
            ? Decode(content.AsMemory(Magic.Length, content.Length - Magic.Length - MacBytes))
            : null;
    }

    /// <summary>Writes the memo; not synced, since losing it costs time only.</summary>
    public void Save(string path, ReadOnlySpan<byte> key)
    {
        var body = new ProtoWriter();
        Encode(body);
        var content = new byte[Magic.Length + body.Written.Length + MacBytes];
        Magic.CopyTo(content);
        body.Written.CopyTo(content.AsSpan(Magic.Length));
        HMACSHA256.HashData(key, content.AsSpan(0, content.Length - MacBytes), content.AsSpan(content.Length - MacBytes));
        DurableFile.Replace(path, content, durable: false);
    }

    private void Encode(ProtoWriter writer)
    {
        writer.WriteText(1, PlanKey);
        foreach (var file in Files)
        {
            var message = writer.Begin(2);
            writer.WriteText(1, file.Path);
            writer.WriteDigest(2, file.Digest);
            writer.End(message);
        }

        writer.WriteBytes(3, Plan.Span);
        writer.WriteText(4, ActionKey);
        foreach (var source in Sources)
        {
            var message = writer.Begin(5);
            writer.WriteText(1, source.Path);
            writer.WriteDigest(2, source.Digest);
            writer.WriteBool(3, source.Executable);
            writer.WriteText(4, source.Target);
            writer.End(message);
        }

        foreach (var job in Jobs)
        {
            var message = writer.Begin(6);
            writer.WriteVarint(1, (ulong)job.Index);
            writer.WriteDigest(2, job.Outputs);
            writer.WriteBytes(3, job.Result.AsSpan());
            writer.WriteText(4, job.Attestation);
            writer.End(message);
        }

        writer.WriteBytes(7, PlanReads);
        if (SourceTree is { } tree)
        {
            writer.WriteDigest(8, tree);
        }
    }

    private static RunMemo? Decode(ReadOnlyMemory<byte> content)
    {
        var (planKey, actionKey) = ("", "");
        var plan = ReadOnlyMemory<byte>.Empty;
        byte[] planReads = [];
        Digest? sourceTree = null;
        var files = ImmutableArray.CreateBuilder<MemoFile>();
        var sources = new List<MemoSource>();
        var jobs = new List<MemoJob>();
        var reader = new ProtoReader(content.Span);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    planKey = reader.Text();
                    break;
                case 2:
                    files.Add(DecodeFile(reader.BytesItem()));
                    break;
                case 3:
                    plan = reader.Bytes().ToArray();
                    break;
                case 4:
                    actionKey = reader.Text();
                    break;
                case 5:
                    sources.Add(DecodeSource(reader.BytesItem()));
                    break;
                case 6:
                    jobs.Add(DecodeJob(reader.BytesItem()));
                    break;
                case 7:
                    planReads = reader.Bytes().ToArray();
                    break;
                case 8:
                    sourceTree = reader.Digest();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // The MAC says that we wrote it; what cannot be read nevertheless was written by another version.
        return reader.Error is null
            ? new RunMemo { PlanKey = planKey, Files = files.DrainToImmutable(), Plan = plan, PlanReads = planReads, ActionKey = actionKey, Sources = [.. sources], SourceTree = sourceTree, Jobs = [.. jobs] }
            : null;
    }

    private static MemoFile DecodeFile(ReadOnlySpan<byte> message)
    {
        var (path, digest) = ("", Digest.Empty);
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    path = reader.Text();
                    break;
                case 2:
                    digest = reader.Digest();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new MemoFile(path, digest);
    }

    private static MemoSource DecodeSource(ReadOnlySpan<byte> message)
    {
        var (path, digest, executable) = ("", Digest.Empty, false);
        string? target = null;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    path = reader.Text();
                    break;
                case 2:
                    digest = reader.Digest();
                    break;
                case 3:
                    executable = reader.Bool();
                    break;
                case 4:
                    target = reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new MemoSource(path, digest, executable, target);
    }

    private static MemoJob DecodeJob(ReadOnlySpan<byte> message)
    {
        var (index, outputs, attestation) = (0, Digest.Empty, "");
        var result = ImmutableArray<byte>.Empty;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    index = reader.Count();
                    break;
                case 2:
                    outputs = reader.Digest();
                    break;
                case 3:
                    result = [.. reader.Bytes()];
                    break;
                case 4:
                    attestation = reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new MemoJob(index, outputs, result, attestation);
    }
}
