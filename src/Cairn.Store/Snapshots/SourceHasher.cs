using System.Diagnostics;
using System.Security.Cryptography;

using Cairn.Core.Content;
using Cairn.Store.Files;

namespace Cairn.Store.Snapshots;

/// <summary>
/// Hashes files on all processors, the largest first: they decide when the whole is done, and all others keep the remaining processors busy meanwhile.
/// </summary>
internal sealed class SourceHasher(DirectoryHandle root, StatIndex index, long statedNs, SourceProblems problems, CancellationToken cancellationToken)
{
    private const int RangeFiles = 32;
    private const int LargeBytes = 1 << 20;

    /// <summary>Hashes them, completes their entries and notes them in the index.</summary>
    public void Hash(List<UnhashedFile> files)
    {
        var large = new List<UnhashedFile>();
        var small = new List<UnhashedFile>(files.Count);
        foreach (var file in files)
        {
            (file.Entry.Stat.SizeBytes > LargeBytes ? large : small).Add(file);
        }

        large.Sort(static (left, right) => right.Entry.Stat.SizeBytes.CompareTo(left.Entry.Stat.SizeBytes));
        if (files.Count == 0)
        {
            return;
        }

        var (nextLarge, nextSmall) = (0, 0);
        var workers = Math.Min(WorkerThreads.Count, large.Count + ((small.Count + RangeFiles - 1) / RangeFiles));
        WorkerThreads.Run(workers, _ =>
        {
            using var folder = new ParentFolder(root);
            using var stream = new FileHasher();
            int next;
            while ((next = Interlocked.Increment(ref nextLarge) - 1) < large.Count)
            {
                Complete(folder, stream, large[next]);
            }

            while ((next = Interlocked.Add(ref nextSmall, RangeFiles) - RangeFiles) < small.Count)
            {
                for (var i = next; i < Math.Min(next + RangeFiles, small.Count); i++)
                {
                    Complete(folder, stream, small[i]);
                }
            }
        });
    }

    private void Complete(ParentFolder folder, FileHasher hasher, UnhashedFile file)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = file.Entry.Path;
        for (var attempt = 0; attempt < Limits.HashAttemptsMax; attempt++)
        {
            // The first time the walk's own look is what counts: nothing was read before it.
            var stated = attempt == 0 ? statedNs : index.NowNs();
            var descriptor = folder.OpenFile(path);
            if (descriptor < 0)
            {
                if (!FileCalls.IsAbsent(descriptor))
                {
                    problems.Unreadable(path, folder: false, descriptor);
                    file.Complete(null);
                    return;
                }

                if (folder.Stat(path, out var other) < 0 || other.Kind != FileKind.Symlink)
                {
                    file.Complete(null);
                    return;
                }

                if (SourceLink.Read(folder, path, other, problems) is { } link)
                {
                    file.Complete(link);
                    return;
                }

                continue;
            }

            int error;
            FileStat before, after = default;
            Digest digest = default;
            try
            {
                error = FileCalls.Stat(descriptor, out before);
                if (error == 0 && before.Kind == FileKind.Regular)
                {
                    error = hasher.Hash(descriptor, before.SizeBytes, cancellationToken, out digest);
                    if (error == 0)
                    {
                        error = FileCalls.Stat(descriptor, out after);
                    }
                }
            }
            finally
            {
                FileCalls.Close(descriptor);
            }

            if (error < 0)
            {
                problems.Unreadable(path, folder: false, error);
                file.Complete(null);
                return;
            }

            if (before.Kind != FileKind.Regular)
            {
                file.Complete(null);
                if (before.Kind == FileKind.Special)
                {
                    problems.Special(path, named: true);
                }

                return;
            }

            if (before == after && digest.SizeBytes == before.SizeBytes)
            {
                index.Set(path, before, digest, stated);
                file.Complete(file.Entry with { Stat = before, Digest = digest });
                return;
            }
        }

        problems.Changing(path);
        file.Complete(null);
    }
}

/// <summary>Hashes one open file after the other; for one thread.</summary>
internal sealed class FileHasher : IDisposable
{
    /// <summary>Small enough to stay in a processor's own cache between reading and hashing.</summary>
    private const int BufferBytes = 256 << 10;

    /// <summary>From here on reading ahead is worth a thread.</summary>
    private const long OverlapBytes = 16 << 20;

    private const int BlockBytes = 1 << 20;
    private const int Blocks = 4;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private IncrementalHash? _hash;

    /// <summary>Hashes to the file's end. An error below zero, or 0.</summary>
    public int Hash(int descriptor, long sizeBytes, CancellationToken cancellationToken, out Digest digest)
    {
        digest = default;
        if (sizeBytes >= OverlapBytes)
        {
            return HashOverlapped(descriptor, cancellationToken, out digest);
        }

        var length = FileCalls.Read(descriptor, _buffer);
        if (length < 0)
        {
            return length;
        }

        if (length < _buffer.Length)
        {
            digest = Digest.Of(_buffer.AsSpan(0, length));
            return 0;
        }

        _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var total = 0L;
        while (length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _hash.AppendData(_buffer, 0, length);
            total += length;
            length = FileCalls.Read(descriptor, _buffer);
        }

        digest = Finish(total);
        return length;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash?.Dispose();

    private Digest Finish(long total)
    {
        Span<byte> hash = stackalloc byte[Digest.HashBytes];
        (_hash ?? throw new UnreachableException()).GetHashAndReset(hash);
        return new Digest(hash, total);
    }

    /// <summary>A thread reads ahead into a few blocks while this one hashes.</summary>
    private int HashOverlapped(int descriptor, CancellationToken cancellationToken, out Digest digest)
    {
        _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var blocks = new byte[Blocks][];
        var lengths = new int[Blocks];
        using var free = new SemaphoreSlim(Blocks);
        using var full = new SemaphoreSlim(0);
        var stop = false;
        var reader = new Thread(
            () =>
            {
                for (var i = 0; ; i = (i + 1) % Blocks)
                {
                    free.Wait(CancellationToken.None);
                    if (Volatile.Read(ref stop))
                    {
                        return;
                    }

                    blocks[i] ??= GC.AllocateUninitializedArray<byte>(BlockBytes);
                    var read = lengths[i] = FileCalls.Read(descriptor, blocks[i]);
                    full.Release();
                    if (read <= 0)
                    {
                        return;
                    }
                }
            },
            256 << 10)
        {
            IsBackground = true,
            Name = "cairn-read",
        };
        reader.Start();
        var (total, length) = (0L, 0);
        try
        {
            for (var i = 0; ; i = (i + 1) % Blocks)
            {
                full.Wait(cancellationToken);
                length = lengths[i];
                if (length <= 0)
                {
                    break;
                }

                _hash.AppendData(blocks[i], 0, length);
                total += length;
                free.Release();
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            free.Release();
            reader.Join();
        }

        digest = Finish(total);
        return Math.Min(length, 0);
    }
}
